//! Those whose events are flushed together, and how they hear of it.
//!
//! The flusher wakes one of them, and that one wakes the others: so the waking is done where the futures run, which costs
//! there a fraction of what it costs from another thread, and the flusher goes on with the next batch.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use crate::Error;

type Outcome = Result<(), Error>;

#[derive(Default)]
struct State {
    outcome: Option<Outcome>,
    /// A place for each who waits; empty when it no longer does.
    waiting: Vec<Option<Waker>>,
}

/// Events that share one flush.
#[derive(Default)]
pub(crate) struct Batch {
    state: Mutex<State>,
}

impl Batch {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says how it ended.
    pub(crate) fn end(&self, outcome: Outcome) {
        let mut state = self.lock();
        state.outcome = Some(outcome);
        let first = state.waiting.iter_mut().find_map(Option::take);
        drop(state);
        if let Some(first) = first {
            first.wake();
        }
    }

    /// Wakes all who are left.
    fn wake(mut state: MutexGuard<'_, State>) {
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_iter().flatten().for_each(Waker::wake);
    }
}

/// Ends when the batch has.
pub(crate) struct Durable {
    batch: Arc<Batch>,
    place: Option<usize>,
}

impl Durable {
    pub(crate) fn new(batch: Arc<Batch>) -> Self {
        Self { batch, place: None }
    }

    /// Waits on this thread.
    pub(crate) fn wait(self) -> Outcome {
        struct Parked(Thread);
        impl Wake for Parked {
            fn wake(self: Arc<Self>) {
                self.0.unpark();
            }
        }
        let waker = Waker::from(Arc::new(Parked(std::thread::current())));
        let (mut future, mut context) = (pin!(self), Context::from_waker(&waker));
        loop {
            match future.as_mut().poll(&mut context) {
                Poll::Ready(outcome) => return outcome,
                Poll::Pending => std::thread::park(),
            }
        }
    }
}

impl Future for Durable {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        let Self { batch, place } = &mut *self;
        let mut state = batch.lock();
        if let Some(outcome) = state.outcome.clone() {
            Batch::wake(state);
            return Poll::Ready(outcome);
        }
        match place.and_then(|place| state.waiting.get_mut(place)) {
            Some(Some(known)) => known.clone_from(context.waker()),
            Some(empty) => *empty = Some(context.waker().clone()),
            None => {
                *place = Some(state.waiting.len());
                state.waiting.push(Some(context.waker().clone()));
            }
        }
        Poll::Pending
    }
}

impl Drop for Durable {
    fn drop(&mut self) {
        let mut state = self.batch.lock();
        if state.outcome.is_some() {
            // It may be the one that was woken for all.
            Batch::wake(state);
        } else if let Some(waiting) = self.place.and_then(|place| state.waiting.get_mut(place)) {
            *waiting = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn waiting(batch: &Arc<Batch>) -> (Pin<Box<Durable>>, Arc<Count>) {
        let count = Arc::new(Count::default());
        let mut one = Box::pin(Durable::new(Arc::clone(batch)));
        assert!(one.as_mut().poll(&mut Context::from_waker(&Waker::from(Arc::clone(&count)))).is_pending());
        (one, count)
    }

    fn woken(counts: &[&Arc<Count>]) -> Vec<usize> {
        counts.iter().map(|count| count.0.load(Ordering::Relaxed)).collect()
    }

    #[test]
    fn one_is_woken_and_wakes_the_others() {
        let batch = Arc::new(Batch::default());
        let ((mut one, a), (_two, b), (_three, c)) = (waiting(&batch), waiting(&batch), waiting(&batch));
        batch.end(Ok(()));
        assert_eq!(woken(&[&a, &b, &c]), [1, 0, 0]);
        assert!(one.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
        assert_eq!(woken(&[&a, &b, &c]), [1, 1, 1]);
    }

    /// Without what `Drop` does, the others were never woken.
    #[test]
    fn one_who_goes_away_leaves_nobody_waiting() {
        for goes_before_the_end in [true, false] {
            let batch = Arc::new(Batch::default());
            let ((one, a), (mut two, b), (_three, c)) = (waiting(&batch), waiting(&batch), waiting(&batch));
            if goes_before_the_end {
                drop(one);
                batch.end(Ok(()));
            } else {
                batch.end(Ok(()));
                drop(one);
            }
            assert_eq!(woken(&[&b]), [1]);
            assert!(two.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
            assert_eq!(woken(&[&a, &c]), [usize::from(!goes_before_the_end), 1]);
        }
    }
}
