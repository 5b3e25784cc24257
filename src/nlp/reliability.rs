//! The reliability plot: what confidence says against what was right.

use crate::evaluate::Calibration;

const SIDE: f64 = 400.0;
const MARGIN: f64 = 56.0;

/// A plot of the filled bins as SVG that stands alone; `title` tells the data.
pub fn reliability_svg(title: &str, calibration: &Calibration) -> String {
    let x = |v: f64| MARGIN + v * SIDE;
    let y = |v: f64| MARGIN + (1.0 - v) * SIDE;
    let total: usize = calibration.bins.iter().map(|b| b.0).sum();
    let (width, height) = (SIDE + 2.0 * MARGIN, SIDE + 2.0 * MARGIN + 24.0);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"{0}\" y=\"24\" font-size=\"15\">{title}</text>\n\
         <text x=\"{0}\" y=\"42\" fill=\"#555\">expected calibration error {1:.3}, {total} findings</text>\n\
         <rect x=\"{0}\" y=\"{0}\" width=\"{SIDE}\" height=\"{SIDE}\" fill=\"none\" stroke=\"#999\"/>\n\
         <line x1=\"{2}\" y1=\"{3}\" x2=\"{3}\" y2=\"{2}\" stroke=\"#999\" stroke-dasharray=\"4 4\"/>\n",
        MARGIN,
        calibration.error,
        x(0.0),
        x(1.0),
    );
    for tenth in 0..=10 {
        let v = f64::from(tenth) / 10.0;
        out.push_str(&format!("<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{v:.1}</text>", x(v), y(0.0) + 18.0));
        out.push_str(&format!("<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{v:.1}</text>\n", x(0.0) - 8.0, y(v) + 4.0));
    }
    out.push_str(&format!("<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">confidence said</text>", x(0.5), y(0.0) + 40.0));
    out.push_str(&format!("<text transform=\"translate(16 {:.1}) rotate(-90)\" text-anchor=\"middle\">share that was right</text>\n", y(0.5)));
    for (count, said, right) in calibration.bins.iter().filter(|b| b.0 > 0) {
        let radius = 4.0 + 14.0 * (*count as f64 / total as f64).sqrt();
        out.push_str(&format!(
            "<line x1=\"{0:.1}\" y1=\"{1:.1}\" x2=\"{0:.1}\" y2=\"{2:.1}\" stroke=\"#c62828\"/><circle cx=\"{0:.1}\" cy=\"{2:.1}\" r=\"{radius:.1}\" fill=\"#1a56b0\" fill-opacity=\"0.6\"><title>{count} findings: said {said:.3}, right {right:.3}</title></circle>\n",
            x(*said),
            y(*said),
            y(*right),
        ));
    }
    out.push_str("</svg>\n");
    out
}
