use super::*;
use proptest::prelude::*;

fn div(inner: &str) -> String {
    format!("<div xmlns=\"http://www.w3.org/1999/xhtml\">{inner}</div>")
}

#[test]
fn plain_formatting_is_let_through() {
    for inner in [
        "text",
        "<p>a<br/>b<br />c</p>",
        "<table border='1'><tbody><tr><td colspan=\"2\">x</td></tr></tbody></table>",
        "<a href=\"https://a.example/b?c=d&amp;e#f\">x</a>",
        "<a name=\"x\">y</a>",
        "<a href=\"Patient/1\">x</a>",
        "<a href='#a:b'>x</a>",
        "<img src=\"#pic\" alt=\"x\"/>",
        "<img src=\"data:image/png;base64,AAAA\"/>",
        "a &amp; b &lt; c &nbsp;&#233;&#xe9;",
        "<p style=\"background-image: url(tbl_bck1.png)\">x</p>",
        "<p style=\"background: url('data:image/png;base64,AA==')\">x</p>",
        "<span style=\"color: red; font-weight: bold\">x</span>",
        "<!-- a comment -->x",
        "<h1 id=\"a\" class=\"b c\">x</h1>",
        "<div>y<div>x</div></div>",
        "<p\n title='>'\n>x</p >",
        "a > b",
        "<pre xml:space=\"preserve\"> x </pre>",
        "<p lang='de' xml:lang='de'>x</p>",
    ] {
        assert_eq!(check(&div(inner)), Ok(()), "{inner}");
    }
    assert_eq!(check(&format!(" \n{}\n", div("x"))), Ok(()));
}

#[test]
fn whatever_could_run_or_load_is_refused() {
    for inner in [
        "<script>alert(1)</script>",
        "<SCRIPT>x</SCRIPT>",
        "<p onclick=\"x\">y</p>",
        "<p ONCLICK=\"x\">y</p>",
        "<p onclick='x'>y</p>",
        "<img src=\"x\" onerror=\"alert(1)\"/>",
        "<a href=\"javascript:alert(1)\">x</a>",
        "<a href=\"JaVaScRiPt:alert(1)\">x</a>",
        "<a href=\" java&#9;script:alert(1)\">x</a>",
        "<a href=\"java\nscript:alert(1)\">x</a>",
        "<a href=\"&#106;avascript:alert(1)\">x</a>",
        "<a href=\"&#x6A;avascript&#x3a;alert(1)\">x</a>",
        "<a href=\"javascript&colon;alert(1)\">x</a>",
        "<a href=\"vbscript:x\">x</a>",
        "<a href=\"data:text/html;base64,AAAA\">x</a>",
        "<img src=\"data:image/svg+xml;base64,AAAA\"/>",
        "<a href=\"data:image/png;base64,AAAA\">x</a>",
        "<a href=\"file:///etc/passwd\">x</a>",
        "<a href=\"blob:x\">x</a>",
        "<iframe src=\"x\">x</iframe>",
        "<object>x</object>",
        "<embed/>",
        "<form><input/></form>",
        "<svg><a>x</a></svg>",
        "<math>x</math>",
        "<style>x</style>",
        "<link href='x'/>",
        "<base href='x'/>",
        "<meta/>",
        "<template>x</template>",
        "<noscript>x</noscript>",
        "<video/>",
        "<font>x</font>",
        "<body>x</body>",
        "<html>x</html>",
        "<head/>",
        "<title>x</title>",
        "<p style=\"background:url(http://x)\">x</p>",
        "<p style=\"background:u&#114;l(x)\">x</p>",
        "<p style=\"b:\\75 rl(x)\">x</p>",
        "<p style=\"b: url(//x/a.png)\">x</p>",
        "<p style=\"b: url(a.png\">x</p>",
        "<p style=\"b: url(data:image/svg+xml,x)\">x</p>",
        "<p style=\"b: url(a.png) url(http://x/a.png)\">x</p>",
        "<p style=\"b: url (http://x/a.png)\">x</p>",
        "<p style=\"width:expression(x)\">x</p>",
        "<p style=\"@import 'x'\">x</p>",
        "<p style=\"wid/**/th:x\">x</p>",
        "<svg:p xmlns:svg=\"http://www.w3.org/2000/svg\">x</svg:p>",
        "<p xmlns=\"http://www.w3.org/2000/svg\">x</p>",
        "<p xmlns:x=\"y\">z</p>",
        "<p xlink:href=\"x\">y</p>",
        "<p formaction=\"x\">y</p>",
        "<img srcset=\"x\"/>",
        "<p src=\"x\">y</p>",
        "<p href=\"x\">y</p>",
        "<q cite=\"javascript:x\">y</q>",
        "<p data-x=\"y\">z</p>",
    ] {
        assert!(check(&div(inner)).is_err(), "{inner}");
    }
}

#[test]
fn what_xml_parsers_differ_on_is_refused() {
    for text in [
        "",
        " ",
        "text",
        "<p>x</p>",
        "<div>x</div>",
        "<div xmlns=\"x\">x</div>",
        "<div xmlns=\"http://www.w3.org/1999/xhtml\"/>",
        "<div xmlns=\"http://www.w3.org/1999/xhtml\">x",
        "<?xml version=\"1.0\"?><div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>",
        "<!DOCTYPE div [<!ENTITY a \"b\">]><div xmlns=\"http://www.w3.org/1999/xhtml\">&a;</div>",
        "<DIV xmlns=\"http://www.w3.org/1999/xhtml\">x</DIV>",
        "<html:div xmlns:html=\"http://www.w3.org/1999/xhtml\">x</html:div>",
    ] {
        assert!(check(text).is_err(), "{text}");
    }
    assert!(check(&format!("{0}{0}", div("x"))).is_err());
    assert!(check(&format!("{}x", div("x"))).is_err());
    for inner in [
        "<![CDATA[<script>x</script>]]>",
        "x]]>",
        "<p>x",
        "x</p>",
        "<b><i>x</b></i>",
        "<p>x</P>",
        "<p title=x>y</p>",
        "<p title>y</p>",
        "<p title=\"a\" title=\"b\">y</p>",
        "<p title=\"a\"class=\"b\">y</p>",
        "<p title=\"<\">y</p>",
        "<p title=\"a>y</p>",
        "< p>x</p>",
        "<p>a < b</p>",
        "<>x</>",
        "a & b",
        "&unknown;",
        "&#0;",
        "&#xd800;",
        "&#x1;",
        "&#;",
        "&#x;",
        "&#+65;",
        "&lt",
        "<!-- -- -->x",
        "<!-- <script> -->x",
        "<!-->x",
        "<!--->x-->",
        "<!-- x",
        "<? x ?>y",
        "<p/ >x",
        "<p\u{a0}title='x'>y</p>",
        "<p\0>x</p>",
    ] {
        assert!(check(&div(inner)).is_err(), "{inner:?}");
    }
}

#[test]
fn a_narrative_has_content() {
    for inner in ["", "  \n ", "<p> </p>", "<!-- x -->", "<br/>"] {
        assert_eq!(check(&div(inner)), Err(Fault::Empty), "{inner}");
    }
    assert_eq!(check(&div("<img src='#a'/>")), Ok(()));
}

#[test]
fn depth_and_length_cost_linear_time() {
    assert_eq!(check(&div(&format!("{}x{}", "<b>".repeat(200_000), "</b>".repeat(200_000)))), Ok(()));
    assert!(check(&div(&"&".repeat(500_000))).is_err());
    assert!(check(&div(&"<!--".repeat(250_000))).is_err());
    assert!(check(&div(&"&amp;".repeat(200_000))).is_ok());
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "[<>/a-d!\\-\\[\\]=\"'&;# x]{0,60}") {
        let _ = check(&div(&text));
        let _ = check(&text);
    }

    #[test]
    fn escaped_text_is_let_through(text in "[^\\p{Cc}\\s]{1,40}") {
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        prop_assert_eq!(check(&div(&escaped)), Ok(()));
    }
}
