//! What a coroutine or a callback is called with: references change hands.
//!
//! A variable belongs to the frame that made it, so a coroutine cannot simply capture those of
//! another one: it would hold them in the wrong name. They are passed, as Python passes arguments,
//! and the compiler refuses a body that captures any ([`Frame::create_task`] asks for `Copy`).

use super::{frame::Frame, refs::Ref};

/// Arguments of a coroutine or a callback.
pub trait Args: 'static {
    /// The same, held by a frame.
    fn held_by(self, frame: &Frame) -> Self;
}

/// Data without references.
#[derive(Clone, Debug, Default)]
pub struct Plain<T>(pub T);

impl<T: 'static> Args for Plain<T> {
    fn held_by(self, _: &Frame) -> Self {
        self
    }
}

impl<T: 'static> Args for Ref<T> {
    fn held_by(self, frame: &Frame) -> Self {
        frame.hold(&self)
    }
}

impl<A: Args> Args for Option<A> {
    fn held_by(self, frame: &Frame) -> Self {
        self.map(|args| args.held_by(frame))
    }
}

impl<A: Args> Args for Vec<A> {
    fn held_by(self, frame: &Frame) -> Self {
        self.into_iter().map(|args| args.held_by(frame)).collect()
    }
}

macro_rules! plain {
    ($($type:ty),*) => {
        $(impl Args for $type {
            fn held_by(self, _: &Frame) -> Self {
                self
            }
        })*
    };
}

plain!((), bool, i64, u8, u16, u32, u64, usize, &'static str, String, std::time::Duration);

macro_rules! tuple {
    ($($name:ident),*) => {
        impl<$($name: Args),*> Args for ($($name,)*) {
            fn held_by(self, frame: &Frame) -> Self {
                #[allow(non_snake_case)]
                let ($($name,)*) = self;
                ($($name.held_by(frame),)*)
            }
        }
    };
}

tuple!(A);
tuple!(A, B);
tuple!(A, B, C);
tuple!(A, B, C, D);
tuple!(A, B, C, D, E);
tuple!(A, B, C, D, E, F);
