//! The name that was probably meant.

/// `; did you mean …?` with the nearest of some names, or nothing if none is near.
pub(crate) fn near<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> String {
    let limit = (name.chars().count() / 3).max(1);
    let nearest = names.into_iter().map(|other| (distance(name, other), other)).filter(|(d, _)| *d <= limit).min();
    nearest.map_or_else(String::new, |(_, other)| format!("; did you mean `{other}`?"))
}

/// How many letters to put in, take out, change or swap with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.to_lowercase().chars().collect(), b.to_lowercase().chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let change = above[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = change.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_offered_and_a_far_one_is_not() {
        let names = ["birthDate", "gender", "name", "deceasedDateTime"];
        assert_eq!(near("birthdate", names), "; did you mean `birthDate`?");
        assert_eq!(near("gneder", names), "; did you mean `gender`?");
        assert_eq!(near("nme", names), "; did you mean `name`?");
        assert_eq!(near("photo", names), "");
        assert_eq!(near("", names), "");
    }

    #[test]
    fn distances() {
        for (a, b, wanted) in [("", "", 0), ("a", "", 1), ("abc", "acb", 1), ("kitten", "sitting", 3), ("A", "a", 0)] {
            assert_eq!(distance(a, b), wanted, "{a} {b}");
        }
    }
}
