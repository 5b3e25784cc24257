//! Tries over words: what terms, cues and headings are looked up in.

use crate::steps::step;

/// A token trie in breadth-first arrays: edge `n` leads to node `n + 1`.
#[derive(Debug)]
pub(crate) struct Trie {
    first: Box<[u32]>,
    token: Box<[u32]>,
    value: Box<[u32]>,
    /// Child of the root by word, 0 for none: the root has thousands of children.
    root: Box<[u32]>,
}

impl Trie {
    /// The trie of these arrays over `words` words; nothing when an edge names another word.
    pub(crate) fn new(first: Box<[u32]>, token: Box<[u32]>, value: Box<[u32]>, words: usize) -> Option<Trie> {
        let mut root = vec![0; words + 1];
        let children = first.get(1).copied().unwrap_or(0) as usize;
        for (edge, &word) in token.iter().take(children).enumerate() {
            *root.get_mut(word as usize)? = edge as u32 + 1;
        }
        Some(Trie { first, token, value, root: root.into() })
    }

    /// The node that `word` leads to from `node`; node 0 is the root.
    #[inline]
    pub(crate) fn child(&self, node: u32, word: u32) -> Option<u32> {
        step();
        if node == 0 {
            return self.root.get(word as usize).copied().filter(|&n| n != 0);
        }
        let (from, to) = (*self.first.get(node as usize)? as usize, *self.first.get(node as usize + 1)? as usize);
        let edges = self.token.get(from..to)?;
        edges.binary_search(&word).ok().map(|at| (from + at) as u32 + 1)
    }

    /// What ends at `node`, 0 for nothing.
    #[inline]
    pub(crate) fn value(&self, node: u32) -> u32 {
        self.value.get(node as usize).copied().unwrap_or(0)
    }
}
