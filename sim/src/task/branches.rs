//! Up to eight futures polled by the number: what [`select!`](super::select) and
//! [`join!`](super::join) are made of.
//!
//! They are dropped in their order, as the fields of tokio's tuples are. Places that are not used hold a
//! future that is never polled.

use pin_project_lite::pin_project;
use std::{
    future::{Future, IntoFuture, Pending},
    pin::Pin,
    task::{Context, Poll, ready},
};

pin_project! {
    /// See the module.
    pub struct Branches<A, B, C, D, E, F, G, H> {
        #[pin]
        a: A,
        #[pin]
        b: B,
        #[pin]
        c: C,
        #[pin]
        d: D,
        #[pin]
        e: E,
        #[pin]
        f: F,
        #[pin]
        g: G,
        #[pin]
        h: H,
    }
}

/// The output of one of them.
#[expect(missing_docs, reason = "the branches have no names but their numbers")]
pub enum Chosen<A, B, C, D, E, F, G, H> {
    A(A),
    B(B),
    C(C),
    D(D),
    E(E),
    F(F),
    G(G),
    H(H),
    /// None had an output that was wanted.
    Nobody,
    /// Never made: so there is always a case that no pattern names.
    Never,
}

/// Futures that are polled by the number.
pub trait Numbered {
    /// The output of one of them.
    type Chosen;

    /// Polls the one of this number, from 0.
    fn poll_branch(self: Pin<&mut Self>, branch: usize, cx: &mut Context<'_>)
    -> Poll<Self::Chosen>;

    /// No output.
    fn nobody() -> Self::Chosen;
}

/// As many futures as there are places.
type Eight<A, B, C, D, E, F, G, H> = (A, B, C, D, E, F, G, H);

impl<A, B, C, D, E, F, G, H> Branches<A, B, C, D, E, F, G, H> {
    /// Futures in their places.
    pub fn new((a, b, c, d, e, f, g, h): Eight<A, B, C, D, E, F, G, H>) -> Self {
        Branches { a, b, c, d, e, f, g, h }
    }

    /// The first.
    pub fn a(self: Pin<&mut Self>) -> Pin<&mut A> {
        self.project().a
    }

    /// The second.
    pub fn b(self: Pin<&mut Self>) -> Pin<&mut B> {
        self.project().b
    }

    /// The third.
    pub fn c(self: Pin<&mut Self>) -> Pin<&mut C> {
        self.project().c
    }

    /// The fourth.
    pub fn d(self: Pin<&mut Self>) -> Pin<&mut D> {
        self.project().d
    }

    /// The fifth.
    pub fn e(self: Pin<&mut Self>) -> Pin<&mut E> {
        self.project().e
    }

    /// The sixth.
    pub fn f(self: Pin<&mut Self>) -> Pin<&mut F> {
        self.project().f
    }

    /// The seventh.
    pub fn g(self: Pin<&mut Self>) -> Pin<&mut G> {
        self.project().g
    }

    /// The eighth.
    pub fn h(self: Pin<&mut Self>) -> Pin<&mut H> {
        self.project().h
    }
}

impl<A, B, C, D, E, F, G, H> Numbered for Branches<A, B, C, D, E, F, G, H>
where
    A: Future,
    B: Future,
    C: Future,
    D: Future,
    E: Future,
    F: Future,
    G: Future,
    H: Future,
{
    type Chosen = Chosen<
        A::Output,
        B::Output,
        C::Output,
        D::Output,
        E::Output,
        F::Output,
        G::Output,
        H::Output,
    >;

    fn poll_branch(
        self: Pin<&mut Self>,
        branch: usize,
        cx: &mut Context<'_>,
    ) -> Poll<Self::Chosen> {
        let this = self.project();
        match branch {
            0 => this.a.poll(cx).map(Chosen::A),
            1 => this.b.poll(cx).map(Chosen::B),
            2 => this.c.poll(cx).map(Chosen::C),
            3 => this.d.poll(cx).map(Chosen::D),
            4 => this.e.poll(cx).map(Chosen::E),
            5 => this.f.poll(cx).map(Chosen::F),
            6 => this.g.poll(cx).map(Chosen::G),
            _ => this.h.poll(cx).map(Chosen::H),
        }
    }

    fn nobody() -> Self::Chosen {
        Chosen::Nobody
    }
}

/// Fills a place that is not used.
pub fn unused(_: &'static str) -> Pending<()> {
    std::future::pending()
}

pin_project! {
    /// A future whose output is kept until it is taken; the future itself is dropped at its end.
    pub struct MaybeDone<F: Future> {
        #[pin]
        future: Option<F>,
        output: Option<F::Output>,
    }
}

/// Keeps the output of a future.
pub fn maybe_done<F: IntoFuture>(future: F) -> MaybeDone<F::IntoFuture> {
    MaybeDone { future: Some(future.into_future()), output: None }
}

impl<F: Future> MaybeDone<F> {
    /// The output.
    ///
    /// # Panics
    /// If the future is not done, or its output was taken.
    pub fn take(self: Pin<&mut Self>) -> F::Output {
        self.project().output.take().expect("the output is taken once, at the end")
    }
}

impl<F: Future> Future for MaybeDone<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        if let Some(future) = this.future.as_mut().as_pin_mut() {
            *this.output = Some(ready!(future.poll(cx)));
            this.future.set(None);
        }
        Poll::Ready(())
    }
}
