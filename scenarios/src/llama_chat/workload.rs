//! Workloads of the chat server: who chats, how the model and the store answer, who leaves early.

use proptest::{collection::vec, prelude::*};
use serde::{Deserialize, Serialize};
use std::fmt;

/// How somebody outside answers a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// After so many ms, by a timer of the loop, which holds what waits.
    After(u8),
    /// At any time, through a transport that holds what waits.
    Held,
    /// At any time, through a transport that knows only weakly what waits, as the protocol of
    /// `open_connection` knows its reader.
    Weak,
}

/// One client's chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Op {
    /// How many tokens the answer has.
    pub tokens: u8,
    /// How the model gives each of them.
    pub model: Reply,
    /// How the chat store confirms that the message is written.
    pub store: Reply,
    /// The store refuses.
    pub refuses: bool,
    /// The client leaves after so many tokens.
    pub leaves: Option<u8>,
}

/// The most chats at once.
pub(super) const CHATS: usize = 3;
/// The longest answer.
pub(super) const TOKENS: u8 = 4;
/// The slowest timer, in ms.
pub(super) const SLOWEST: u8 = 20;

impl Op {
    /// What the fixed workloads are made of: an answer of so many tokens over transports that know
    /// what waits only weakly, heard to its end.
    pub(super) const fn chat(tokens: u8) -> Self {
        Op { tokens, model: Reply::Weak, store: Reply::Weak, refuses: false, leaves: None }
    }

    pub(super) fn is_valid(self) -> bool {
        let ms = |reply| !matches!(reply, Reply::After(ms) if ms == 0 || ms > SLOWEST);
        let leaves = self.leaves.is_none_or(|after| after < self.tokens);
        (1..=TOKENS).contains(&self.tokens) && ms(self.model) && ms(self.store) && leaves
    }

    /// Chats that are simpler than this one.
    pub(super) fn simpler(self) -> Vec<Op> {
        let mut simpler = vec![
            Op { leaves: None, ..self },
            Op { refuses: false, ..self },
            Op { model: Reply::Weak, ..self },
            Op { store: Reply::Weak, ..self },
            Op { model: Reply::After(1), ..self },
            Op { store: Reply::After(1), ..self },
        ];
        simpler
            .extend(self.leaves.filter(|&after| after > 0).map(|_| Op { leaves: Some(0), ..self }));
        if self.tokens > 1 {
            let tokens = self.tokens - 1;
            simpler.push(Op {
                tokens,
                leaves: self.leaves.map(|after| after.min(tokens - 1)),
                ..self
            });
        }
        simpler.retain(|&op| op != self && op.is_valid());
        simpler
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reply::After(ms) => write!(f, "after {ms} ms"),
            Reply::Held => f.write_str("when it likes"),
            Reply::Weak => f.write_str("when it likes, held weakly"),
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Op { tokens, model, store, refuses, leaves } = self;
        let tokens = if *tokens == 1 { "1 token".to_owned() } else { format!("{tokens} tokens") };
        write!(f, "chat: {tokens}, the model answers {model}; the store ")?;
        f.write_str(if *refuses { "refuses " } else { "confirms " })?;
        write!(f, "{store}")?;
        match leaves {
            None => Ok(()),
            Some(0) => f.write_str("; the client leaves at once"),
            Some(after) => write!(f, "; the client leaves after {after}"),
        }
    }
}

fn reply() -> impl Strategy<Value = Reply> {
    prop_oneof![
        (1..=SLOWEST).prop_map(Reply::After),
        Just(Reply::Held),
        Just(Reply::Weak),
        Just(Reply::Weak),
    ]
}

/// Random workloads.
pub fn workloads() -> impl Strategy<Value = Vec<Op>> {
    let leaves = prop_oneof![Just(None), (0..TOKENS).prop_map(Some)];
    let chat = (1..=TOKENS, reply(), reply(), prop::bool::weighted(0.25), leaves).prop_map(
        |(tokens, model, store, refuses, leaves)| {
            let leaves = leaves.filter(|&after| after < tokens);
            Op { tokens, model, store, refuses, leaves }
        },
    );
    vec(chat, 1..=CHATS)
}
