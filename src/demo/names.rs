//! Names of people, from the places the patients of such a clinic come from.

use crate::random::Random;

/// Where a family comes from: its names, what it answers when asked for race and ethnicity, and its language.
pub struct Culture {
    /// Family names.
    pub families: &'static [&'static str],
    /// Women's given names.
    pub women: &'static [&'static str],
    /// Men's given names.
    pub men: &'static [&'static str],
    /// OMB race categories: code and display.
    pub races: &'static [(&'static str, &'static str)],
    /// A detailed race: code and display.
    pub detailed: Option<(&'static str, &'static str)>,
    /// Whether of Hispanic or Latino ethnicity.
    pub hispanic: bool,
    /// The language spoken at home (BCP 47) and its name.
    pub language: (&'static str, &'static str),
    /// Whether two family names are borne.
    pub two_families: bool,
}

const WHITE: (&str, &str) = ("2106-3", "White");
const BLACK: (&str, &str) = ("2054-5", "Black or African American");
const ASIAN: (&str, &str) = ("2028-9", "Asian");
const NATIVE: (&str, &str) = ("1002-5", "American Indian or Alaska Native");
const ENGLISH: (&str, &str) = ("en", "English");

/// All of them; the first ones are the most frequent here.
pub static CULTURES: [Culture; 12] = [
    Culture {
        families: &["Lindqvist", "Schröder", "O’Connell", "Novak", "Halvorsen", "Kowalczyk", "Becker", "Ferguson", "Østergaard", "Wagner", "Murphy", "Dvořák"],
        women: &["Greta", "Eleanor", "Maeve", "Ingrid", "Hannah", "Zofia", "Caroline", "Ruth", "Audrey", "Nora"],
        men: &["Henrik", "Patrick", "Lukas", "Walter", "Tomasz", "Graham", "Emmett", "Karl", "Søren", "Owen"],
        races: &[WHITE],
        detailed: None,
        hispanic: false,
        language: ENGLISH,
        two_families: false,
    },
    Culture {
        families: &["Baker", "Sullivan", "Thornton", "Marsh", "Whitaker", "Pruitt", "Holloway", "Granger", "Ellis", "Langley"],
        women: &["Amelia", "Joyce", "Paige", "Lillian", "Beth", "Marian", "Tessa", "Willa"],
        men: &["Calvin", "Dennis", "Wesley", "Howard", "Grant", "Elliot", "Theodore", "Russell"],
        races: &[WHITE],
        detailed: None,
        hispanic: false,
        language: ENGLISH,
        two_families: false,
    },
    Culture {
        families: &["Núñez", "Castellanos", "Ibáñez", "Zamora", "Quiñones", "Peña", "Villarreal", "Guzmán", "Cárdenas", "Montoya"],
        women: &["María José", "Ximena", "Lucía", "Guadalupe", "Inés", "Rocío", "Beatriz"],
        men: &["José Luis", "Andrés", "Joaquín", "Héctor", "Ángel", "Ramón", "Esteban"],
        races: &[WHITE],
        detailed: None,
        hispanic: true,
        language: ("es", "Spanish"),
        two_families: true,
    },
    Culture {
        families: &["Washington", "Jefferson", "Booker", "Freeman", "Gaines", "Broussard", "Tolliver", "Merriweather"],
        women: &["Imani", "Denise", "Keisha", "Naomi", "Lorraine", "Aaliyah", "Simone"],
        men: &["Marcus", "Darnell", "Isaiah", "Terrence", "Malik", "Reginald", "Andre"],
        races: &[BLACK],
        detailed: None,
        hispanic: false,
        language: ENGLISH,
        two_families: false,
    },
    Culture {
        families: &["Vang", "Xiong", "Yang", "Lor", "Moua", "Thao"],
        women: &["Mai", "Pa Houa", "Kia", "Sheng", "Bao"],
        men: &["Tou", "Chue", "Pao", "Kong Meng", "Neng"],
        races: &[ASIAN],
        detailed: Some(("2037-0", "Hmong")),
        hispanic: false,
        language: ("hmn", "Hmong"),
        two_families: false,
    },
    Culture {
        families: &["Chatterjee", "Iyer", "Patel", "Raghunathan", "Mehta", "Banerjee"],
        women: &["Ananya", "Lakshmi", "Priya", "Meera", "Kavita"],
        men: &["Arjun", "Sanjay", "Vikram", "Rohan", "Dev"],
        races: &[ASIAN],
        detailed: Some(("2029-7", "Asian Indian")),
        hispanic: false,
        language: ENGLISH,
        two_families: false,
    },
    Culture {
        families: &["Chen", "Zhao", "Lü", "Huang", "Xu", "Ng"],
        women: &["Meiling", "Xiaoyu", "Yan", "Jing", "Li Hua"],
        men: &["Wei", "Jun", "Guoqiang", "Haoran", "Ming"],
        races: &[ASIAN],
        detailed: Some(("2034-7", "Chinese")),
        hispanic: false,
        language: ("zh", "Chinese"),
        two_families: false,
    },
    Culture {
        families: &["Nguyễn", "Trần", "Phạm", "Đặng", "Bùi"],
        women: &["Thị Lan", "Thu Hà", "Ngọc Anh", "Minh Châu"],
        men: &["Văn Hùng", "Quốc Bảo", "Đức Anh", "Minh Tuấn"],
        races: &[ASIAN],
        detailed: Some(("2047-9", "Vietnamese")),
        hispanic: false,
        language: ("vi", "Vietnamese"),
        two_families: false,
    },
    Culture {
        families: &["Al-Khatib", "Haddad", "Mansour", "El Sayed", "Benali"],
        women: &["Layla", "Fatima Zahra", "Salma", "Rania"],
        men: &["Youssef", "Karim", "Omar", "Tariq"],
        races: &[WHITE],
        detailed: None,
        hispanic: false,
        language: ("ar", "Arabic"),
        two_families: false,
    },
    Culture {
        families: &["Greencloud", "Decorah", "Whitebear", "Funmaker", "Blackdeer"],
        women: &["Winona", "Josephine", "Arlene", "Mary Rose"],
        men: &["Elliott", "Lyle", "Gordon", "Chester"],
        races: &[NATIVE],
        detailed: None,
        hispanic: false,
        language: ENGLISH,
        two_families: false,
    },
    Culture {
        families: &["Adeyemi", "Okonkwo", "Mensah", "Diallo", "Abebe"],
        women: &["Adaeze", "Yetunde", "Aïssatou", "Selam"],
        men: &["Chinedu", "Kwabena", "Mamadou", "Tunde"],
        races: &[BLACK],
        detailed: None,
        hispanic: false,
        language: ENGLISH,
        two_families: false,
    },
    Culture {
        families: &["Gonçalves", "Magalhães", "Araújo", "Conceição", "Brandão"],
        women: &["Letícia", "Conceição", "Inês", "Beatriz"],
        men: &["João Pedro", "Antônio", "Caio", "Sebastião"],
        races: &[WHITE, BLACK],
        detailed: None,
        hispanic: true,
        language: ("pt", "Portuguese"),
        two_families: true,
    },
];

/// One of the cultures, the frequent ones more often.
pub fn culture(random: &mut Random) -> &'static Culture {
    let (first, second) = (random.below(CULTURES.len()), random.below(CULTURES.len()));
    &CULTURES[first.min(second)]
}

/// A family name, or two.
pub fn family(random: &mut Random, culture: &Culture) -> String {
    let one = random.pick(culture.families);
    let other = random.pick(culture.families);
    if culture.two_families && one != other { format!("{one} {other}") } else { (*one).to_owned() }
}

/// Given names: one, or two.
pub fn given(random: &mut Random, culture: &Culture, woman: bool) -> Vec<String> {
    let list = if woman { culture.women } else { culture.men };
    let first = *random.pick(list);
    let second = *random.pick(list);
    let mut names = vec![first.to_owned()];
    if second != first && random.chance(40) {
        names.push(second.to_owned());
    }
    names
}

/// A name in the letters a–z, as people write it when they pick a user name.
pub fn plain(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars().flat_map(char::to_lowercase) {
        match letter {
            'a'..='z' => out.push(letter),
            'á' | 'à' | 'â' | 'ã' | 'ä' | 'å' | 'ầ' | 'ạ' | 'ặ' | 'ă' => out.push('a'),
            'é' | 'è' | 'ê' | 'ë' | 'ễ' => out.push('e'),
            'í' | 'ì' | 'ï' | 'î' | 'ị' => out.push('i'),
            'ó' | 'ò' | 'ô' | 'õ' | 'ö' | 'ø' | 'ọ' | 'ố' => out.push('o'),
            'ú' | 'ù' | 'ü' | 'û' | 'ấ' => out.push('u'),
            'ç' => out.push('c'),
            'ñ' => out.push('n'),
            'ř' => out.push('r'),
            'đ' => out.push('d'),
            ' ' | '-' => out.push('.'),
            _ => {}
        }
    }
    out
}
