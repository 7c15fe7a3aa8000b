//! What the world says, as it reaches an executor: from the kernel at once, from the manager later.

use super::ground::{Kind, Stray};
use super::seat::Seat;
use crate::plan::Keeper;
use crate::world::news::News;
use defib_engine::event::Exit;
use defib_engine::id::Identity;
use defib_executor::boundary::{Call, Token};
use defib_executor::manager::ManagerEvent;

impl Seat {
    /// Takes one piece of news.
    pub(super) fn hear(&self, news: &News) {
        match *news {
            News::Died { app, identity, exit, restart_ms } => {
                self.leave_orphan(app, identity);
                self.process_ended(identity, exit);
                if self.is_unit(app) {
                    self.unit_died(app, identity, exit, restart_ms);
                }
            }
            News::Born { app, identity } if self.is_unit(app) => self.unit_born(app, identity),
            News::Stopped { app } if self.is_unit(app) => self.unit_stopped(app),
            News::Resumed { app } if self.is_unit(app) => {
                self.signalled(ManagerEvent::Resumed { app: super::units::id(app) });
            }
            News::Reload => self.wake(Token::Called(Call::Reload)),
            News::ShuttingDown => self.signalled(ManagerEvent::ShuttingDown),
            News::JobDone { job, ok } => self.job_ended(job, ok),
            // Looks and requests for quiet are the guardian's.
            News::Born { .. }
            | News::Stopped { .. }
            | News::Resumed { .. }
            | News::Looked { .. }
            | News::Held { .. }
            | News::Released { .. } => {}
        }
    }

    /// A worker that outlives its parent: it holds nothing that the next one needs (assumed), but belongs
    /// to the app's session.
    fn leave_orphan(&self, app: usize, leader: Identity) {
        let is_ours = matches!(self.world().app(app).plan.keeper, Keeper::Agent);
        if is_ours && self.ground().leaves_orphans(app) && self.ground().happens(300_000) {
            let identity = self.world().new_identity();
            let (session, kind) = (leader.pid, Kind::Orphan);
            self.ground().add(Stray { identity, session, app, kind });
        }
    }

    /// Without an executor only the processes themselves go on.
    pub(super) fn hear_alone(&self, news: &News) {
        if let News::Died { app, identity, .. } = *news {
            self.leave_orphan(app, identity);
            self.process_ended(identity, Exit::Unseen);
        }
    }
}
