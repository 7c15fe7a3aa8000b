//! What the simulated machine tells of its last boot: when this one began. It keeps no records of panics.

use super::seat::Seat;
use defib_executor::boundary::{Boots, Signs};
use std::io;

impl Boots for Seat {
    fn signs(&mut self) -> Signs {
        let world = self.world();
        let (now_ms, machine) = (world.now_ms(), world.machine());
        let began_ms = machine.wall_ms(now_ms).saturating_sub(machine.boot_ms(now_ms));
        Signs { began_wall_ms: Some(began_ms), ..Signs::default() }
    }

    fn show_at_login(&mut self, _text: Option<&str>) -> io::Result<()> {
        Ok(())
    }
}
