//! What is held back until what it refers to is written, and which of it is written all the same
//! where references go in a circle.

use std::collections::{BTreeMap, HashMap, HashSet};

/// Units looked at in search of a circle while there is more to do.
const NEAR: usize = 64;

/// Units that wait, and for what.
#[derive(Default)]
pub(crate) struct Hold {
    /// What a unit waits for, and for how many of these still.
    waiting: BTreeMap<u32, (Vec<u32>, usize)>,
    /// Who waits for a unit.
    waiters: HashMap<u32, Vec<u32>>,
}

impl Hold {
    /// Holds a unit back until all of `targets` (without repeats) are released.
    pub(crate) fn add(&mut self, unit: u32, targets: Vec<u32>) {
        for target in &targets {
            self.waiters.entry(*target).or_default().push(unit);
        }
        let count = targets.len();
        self.waiting.insert(unit, (targets, count));
    }

    /// A unit is written or refused: gives the units that wait for nothing any more.
    pub(crate) fn release(&mut self, target: u32) -> Vec<u32> {
        let mut free = Vec::new();
        for unit in self.waiters.remove(&target).unwrap_or_default() {
            if let Some((_, left)) = self.waiting.get_mut(&unit) {
                *left = left.saturating_sub(1);
                if *left == 0 {
                    self.waiting.remove(&unit);
                    free.push(unit);
                }
            }
        }
        free
    }

    /// Whether a unit waits, directly or through others, for itself: takes the unit with the lowest
    /// `rank` out of that circle. Looks at [`NEAR`] units at most; what is farther apart is found
    /// at the end. So few units have to wait for a circle, however many refer to it.
    pub(crate) fn break_circle_of(&mut self, unit: u32, rank: impl Fn(u32) -> u64) -> Option<u32> {
        let mut before = HashMap::new();
        let mut open = vec![unit];
        while let Some(at) = open.pop() {
            let Some((targets, _)) = self.waiting.get(&at) else {
                continue;
            };
            if at != unit && targets.contains(&unit) {
                let mut circle = vec![unit, at];
                let mut step = at;
                while let Some(last) = before.get(&step).filter(|last| **last != unit) {
                    step = *last;
                    circle.push(step);
                }
                let taken = circle.into_iter().min_by_key(|unit| rank(*unit))?;
                self.waiting.remove(&taken);
                return Some(taken);
            }
            for target in targets {
                if before.len() < NEAR && *target != unit && !before.contains_key(target) {
                    before.insert(*target, at);
                    open.push(*target);
                }
            }
        }
        None
    }

    /// When nothing else is left to do, every unit here waits in a circle or for one: takes one
    /// unit out of each circle that is found, the one with the lowest `rank`.
    pub(crate) fn break_circles(&mut self, rank: impl Fn(u32) -> u64) -> Vec<u32> {
        let mut taken = Vec::new();
        let mut seen = HashSet::new();
        for start in self.waiting.keys() {
            let mut path = Vec::new();
            let mut at = *start;
            // Follows one reason to wait until it meets a unit seen before: on this path, that is
            // a circle.
            while seen.insert(at) {
                path.push(at);
                let next = self.waiting.get(&at).and_then(|(targets, _)| targets.iter().copied().find(|target| self.waiting.contains_key(target)));
                match next {
                    Some(next) => at = next,
                    None => break,
                }
            }
            if let Some(begin) = path.iter().position(|unit| *unit == at)
                && (path.len() > begin + 1 || self.waits_for(at, at))
            {
                taken.extend(path[begin..].iter().copied().min_by_key(|unit| rank(*unit)));
            }
        }
        // Never stand still, whatever the reason.
        if taken.is_empty() {
            taken.extend(self.waiting.keys().next().copied());
        }
        for unit in &taken {
            self.waiting.remove(unit);
        }
        taken
    }

    fn waits_for(&self, unit: u32, target: u32) -> bool {
        self.waiting.get(&unit).is_some_and(|(targets, _)| targets.contains(&target))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_free_when_the_last_of_its_targets_is_there() {
        let mut hold = Hold::default();
        hold.add(1, vec![2, 3]);
        assert!(hold.release(2).is_empty());
        assert_eq!(hold.release(3), [1]);
        assert!(hold.break_circles(u64::from).is_empty());
    }

    #[test]
    fn a_circle_is_found_as_soon_as_it_is_whole() {
        let mut hold = Hold::default();
        hold.add(1, vec![9, 3]);
        assert_eq!(hold.break_circle_of(1, u64::from), None);
        hold.add(2, vec![1]);
        assert_eq!(hold.break_circle_of(2, u64::from), None);
        hold.add(3, vec![2]);
        assert_eq!(hold.break_circle_of(3, u64::from), Some(1));
        assert_eq!(hold.release(1), [2]);
        assert_eq!(hold.release(2), [3]);
    }

    #[test]
    fn only_a_member_of_a_circle_is_taken_out_and_one_of_each() {
        let mut hold = Hold::default();
        hold.add(1, vec![2]);
        hold.add(2, vec![3]);
        hold.add(3, vec![2]);
        hold.add(7, vec![8]);
        hold.add(8, vec![7]);
        assert_eq!(hold.break_circles(u64::from), [2, 7]);
        assert_eq!(hold.release(2), [1, 3]);
        assert_eq!(hold.release(7), [8]);
    }
}
