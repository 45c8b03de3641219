//! What comes again and again: the shortest block that a list repeats.
//!
//! A livelock has thousands of lines and says one thing. Blocks are compared as wholes, so what
//! changes from round to round, a counter in a message say, is no repetition.

/// The longest block that is looked for: few processes that wait on each other go round in less.
const LONGEST: usize = 32;

/// A block that comes several times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Round {
    /// How many items the block has.
    pub(crate) length: usize,
    /// How often it comes, one behind the other.
    pub(crate) times: usize,
}

/// The shortest block with which `items` begins and which comes at least so many times.
pub(crate) fn round<T: PartialEq>(items: &[T], at_least: usize) -> Option<Round> {
    (1..=LONGEST).map_while(|length| items.get(..length)).find_map(|block| {
        let alike = |next: &&[T]| *next == block;
        let times = items.chunks_exact(block.len()).take_while(alike).count();
        (times >= at_least).then_some(Round { length: block.len(), times })
    })
}

/// The shortest block that comes again and again at the end of a list, three times at least.
pub(crate) fn last_round<T: PartialEq>(items: &[T]) -> Option<&[T]> {
    (1..=LONGEST).find_map(|length| {
        let tail = items.get(items.len().checked_sub(3 * length)?..)?;
        let (head, rest) = tail.split_at(length);
        rest.chunks_exact(length).all(|next| next == head).then_some(head)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_block_is_found() {
        assert_eq!(round(b"aaaaaab", 3), Some(Round { length: 1, times: 6 }));
        assert_eq!(round(b"abcabcabcab", 3), Some(Round { length: 3, times: 3 }));
        assert_eq!(round(b"aabaabaab", 3), Some(Round { length: 3, times: 3 }));
    }

    #[test]
    fn a_list_ends_in_a_round() {
        assert_eq!(last_round(b"xyabababab"), Some(&b"ab"[..]));
        assert_eq!(last_round(b"xyababa"), None);
        assert_eq!(last_round(b"aaa"), Some(&b"a"[..]));
        assert_eq!(last_round(b""), None);
    }

    #[test]
    fn what_comes_too_seldom_is_no_round() {
        assert_eq!(round(b"ababa", 3), None);
        assert_eq!(round(b"", 1), None);
        assert_eq!(round(b"abcdefgh", 2), None);
    }
}
