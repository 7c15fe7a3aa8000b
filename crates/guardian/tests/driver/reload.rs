//! A new config: as a whole, or not at all.

use crate::server::Server;
use crate::world::{World, config};
use defib_journal::line::Line;
use defib_journal::order::Request;

#[test]
fn a_good_config_is_taken_over_and_a_bad_one_is_not() {
    let server = Server::start();
    let mut world = World::start(&config(&server));
    world.wait_until_up();

    let typo = config(&server).replace("timeout =", "timeuot =");
    world.executor.give_config(&typo);
    assert_eq!(world.executor.expect(), Request::ConfigRead { accepted: false });
    world.line("the refusal", |line| {
        matches!(line, Line::Config { accepted: false, message } if message.contains("timeuot"))
    });
    let status = world.ask("{\"do\":\"status\"}");
    assert!(status.contains("timeuot") && status.contains("\"seen\":\"pass\""), "{status}");

    let other = Server::start();
    let second = config(&other).replace("[machine]\nmode = \"act\"\n", "").replace("shop", "blog");
    world.executor.give_config(&format!("{}{second}", config(&server)));
    assert_eq!(world.executor.expect(), Request::ConfigRead { accepted: true });
    crate::world::until("both apps", std::time::Duration::from_secs(5), || {
        let status = world.ask("{\"do\":\"status\"}");
        (status.matches("\"seen\":\"pass\"").count() >= 2 && status.contains("\"error\":null"))
            .then_some(())
    });
    assert!(other.requests() > 0);
    let journal = world.journal();
    let accepted = journal
        .iter()
        .position(|entry| matches!(entry.line, Line::Config { accepted: true, .. }))
        .expect("the acceptance");
    let before = &journal[..accepted];
    let last = |wanted: fn(&Line<'_>) -> bool| before.iter().rposition(|entry| wanted(&entry.line));
    assert!(
        last(|line| matches!(line, Line::Policy { policy } if policy.apps.len() == 2))
            < last(|line| matches!(line, Line::Checkpoint { state } if state.apps.len() == 2))
    );
    crate::replay::decisions_agree(&world);
}
