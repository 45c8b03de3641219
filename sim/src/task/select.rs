//! `select!` and `join!`: rules `comb-001` to `comb-012`, `cost-select-ready`; tokio 1.54,
//! macros/{select,join}.rs.
//!
//! A `select!` is one await. Without budget it is pending and polls no branch; else it polls from a
//! branch that the source of decisions chooses, or from the first if it is biased. Those who lose are
//! dropped in their order before the handler runs. A `join!` checks no budget, and each of its polls
//! begins one branch later.

use super::{branches::Numbered, handle::Handle, kind::Op};
use std::{
    future::poll_fn,
    pin::{Pin, pin},
    task::{Context, Poll, ready},
};

/// Polls the branches until one has an output that fits.
pub async fn select_branches<const N: usize, B: Numbered>(
    handle: &Handle,
    biased: bool,
    mut enabled: [bool; N],
    branches: B,
    fits: impl Fn(&B::Chosen) -> bool,
) -> B::Chosen {
    let mut branches = pin!(branches);
    let desk = &handle.desk;
    let poll = |cx: &mut Context<'_>| {
        ready!(desk.gives_way(cx));
        // Nothing is spent: the branches do that.
        drop(ready!(desk.takes_unit(cx, Op::Select)));
        // Which branch is first is no part of the state: what comes of it is.
        desk.ask_first(if biased { 1 } else { N }, |first| {
            let order = (0..N).map(|at| (first + at) % N);
            desk.as_one(|| poll_round(branches.as_mut(), order, &mut enabled, &fits, cx))
        })
    };
    poll_fn(poll).await
}

/// One poll of a `select!`: ready, with the branch, if an output fits or if no branch is left.
fn poll_round<const N: usize, B: Numbered>(
    mut branches: Pin<&mut B>,
    order: impl Iterator<Item = usize>,
    enabled: &mut [bool; N],
    fits: impl Fn(&B::Chosen) -> bool,
    cx: &mut Context<'_>,
) -> Poll<(usize, B::Chosen)> {
    let (mut pending, mut unfit) = (false, false);
    for branch in order {
        if !enabled[branch] {
            continue;
        }
        let Poll::Ready(output) = branches.as_mut().poll_branch(branch, cx) else {
            pending = true;
            continue;
        };
        enabled[branch] = false;
        if fits(&output) {
            // Where another was ready, too, the order may count.
            return Poll::Ready((if unfit { N } else { branch }, output));
        }
        unfit = true;
    }
    if pending { Poll::Pending } else { Poll::Ready((0, B::nobody())) }
}

/// Polls all branches until all are done.
pub async fn join_branches<B: Numbered>(many: usize, mut branches: Pin<&mut B>) {
    let mut first = 0;
    let poll = |cx: &mut Context<'_>| {
        let mut pending = false;
        for branch in (0..many).map(|at| (first + at) % many) {
            pending |= branches.as_mut().poll_branch(branch, cx).is_pending();
        }
        first = (first + 1) % many;
        if pending { Poll::Pending } else { Poll::Ready(()) }
    };
    poll_fn(poll).await;
}

/// Waits for the first of several futures, on the runtime of a handle:
/// `select!(handle; [biased;] pattern = future [, if condition] => handler, .. [else => handler])`.
///
/// As tokio's, with at most eight branches. A pattern that may not match has no `mut` or `ref` in it.
#[doc(hidden)]
#[macro_export]
macro_rules! __task_select {
    (@more $h:tt $biased:tt $done:tt $free:tt) => {
        $crate::__task_select!(@end $h $biased $done $free
            [panic!("all branches are disabled and there is no else branch")])
    };
    (@more $h:tt $biased:tt $done:tt $free:tt else => $else:expr $(,)?) => {
        $crate::__task_select!(@end $h $biased $done $free [$else])
    };
    (@more $h:tt $biased:tt $done:tt [$v:ident $($free:ident)*]
        $p:pat = $f:expr, if $c:expr => $($rest:tt)*) => {
        $crate::__task_select!(@body $h $biased $done [$($free)*] [$v [$p] [$f] [$c]] $($rest)*)
    };
    (@more $h:tt $biased:tt $done:tt [$v:ident $($free:ident)*] $p:pat = $f:expr => $($rest:tt)*) => {
        $crate::__task_select!(@body $h $biased $done [$($free)*] [$v [$p] [$f] [true]] $($rest)*)
    };
    (@body $h:tt $biased:tt [$($done:tt)*] $free:tt [$($head:tt)*] $e:block, $($rest:tt)*) => {
        $crate::__task_select!(@more $h $biased [$($done)* [$($head)* [$e]]] $free $($rest)*)
    };
    (@body $h:tt $biased:tt [$($done:tt)*] $free:tt [$($head:tt)*] $e:block $($rest:tt)*) => {
        $crate::__task_select!(@more $h $biased [$($done)* [$($head)* [$e]]] $free $($rest)*)
    };
    (@body $h:tt $biased:tt [$($done:tt)*] $free:tt [$($head:tt)*] $e:expr, $($rest:tt)*) => {
        $crate::__task_select!(@more $h $biased [$($done)* [$($head)* [$e]]] $free $($rest)*)
    };
    (@body $h:tt $biased:tt [$($done:tt)*] $free:tt [$($head:tt)*] $e:expr) => {
        $crate::__task_select!(@more $h $biased [$($done)* [$($head)* [$e]]] $free)
    };
    (@end [$h:expr] [$biased:expr] [$([$v:ident [$p:pat] [$f:expr] [$c:expr] [$e:expr]])*]
        [$($free:ident)*] [$else:expr]) => {{
        let enabled = [$($c),*];
        let branches = $crate::task::combine::Branches::new((
            $(::std::future::IntoFuture::into_future($f),)*
            $($crate::task::combine::unused(stringify!($free)),)*
        ));
        // A binding that only the handler needs.
        #[allow(unused_variables, unused_mut, unreachable_patterns, clippy::collapsible_match)]
        let chosen = $crate::task::combine::select_branches(&$h, $biased, enabled, branches, |output| {
            match output {
                $($crate::task::combine::Chosen::$v(output) => match output {
                    $p => true,
                    _ => false,
                },)*
                _ => false,
            }
        })
        .await;
        match chosen {
            $($crate::task::combine::Chosen::$v($p) => $e,)*
            $crate::task::combine::Chosen::Nobody => $else,
            _ => unreachable!("what fits once fits again"),
        }
    }};
    ($h:expr; biased; $($rest:tt)*) => {
        $crate::__task_select!(@more [$h] [true] [] [A B C D E F G H] $($rest)*)
    };
    ($h:expr; $($rest:tt)*) => {
        $crate::__task_select!(@more [$h] [false] [] [A B C D E F G H] $($rest)*)
    };
}

/// Waits for all of several futures, at most eight, and gives their outputs:
/// `join!(handle; future, ..)`. As tokio's.
#[doc(hidden)]
#[macro_export]
macro_rules! __task_join {
    (@more $h:tt [$($done:tt)*] [$v:ident $($free:ident)*] $f:expr, $($rest:tt)*) => {
        $crate::__task_join!(@more $h [$($done)* [$v [$f]]] [$($free)*] $($rest)*)
    };
    (@more [$h:expr] [$([$v:ident [$f:expr]])*] [$($free:ident)*]) => {{
        let _: &$crate::task::Handle = &$h;
        let many = [$(stringify!($v)),*].len();
        let mut branches = ::std::pin::pin!($crate::task::combine::Branches::new((
            $($crate::task::combine::maybe_done($f),)*
            $($crate::task::combine::unused(stringify!($free)),)*
        )));
        $crate::task::combine::join_branches(many, branches.as_mut()).await;
        ($(branches.as_mut().$v().take(),)*)
    }};
    ($h:expr; $($f:expr),+ $(,)?) => {
        $crate::__task_join!(@more [$h] [] [a b c d e f g h] $($f,)+)
    };
}
