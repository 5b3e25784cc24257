//! Steps of work, counted in tests: that work is linear is shown without a clock.

#[cfg(test)]
std::thread_local! {
    static STEPS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// One look at a token, a cue or an edge of a trie; nothing outside tests.
#[inline(always)]
pub(crate) fn step() {
    #[cfg(test)]
    STEPS.with(|steps| steps.set(steps.get() + 1));
}

#[cfg(test)]
mod tests {
    use crate::Engine;

    fn steps(engine: &Engine, text: &str) -> u64 {
        super::STEPS.with(|steps| steps.set(0));
        std::hint::black_box(engine.read(text));
        super::STEPS.with(std::cell::Cell::get)
    }

    /// Seen to fail with the bound on a sentence's length (`LONGEST` in `sentence.rs`) removed.
    #[test]
    fn work_grows_as_the_text_does_whatever_the_text() {
        let engine = Engine::new().expect("the embedded lexicon");
        for piece in serde_json::from_str::<Vec<String>>(include_str!("tests/data/unkind.json")).expect("a list of texts") {
            let text = |size: usize| piece.repeat(size / piece.len() + 1);
            let (small, large) = (text(20_000), text(80_000));
            let (few, many) = (steps(&engine, &small), steps(&engine, &large));
            assert!(many <= 5 * few + 10_000, "{piece:?}: {few} steps for {} bytes, {many} for {}", small.len(), large.len());
            assert!(many <= 700 * large.len() as u64, "{piece:?}: {many} steps for {} bytes", large.len());
        }
    }
}
