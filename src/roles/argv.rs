//! The guardian's command line, as its role reads it.

use crate::roles::guardian::form_name;
use defib_console::cli::args::Global;
use defib_console::narrate::Form;
use defib_console::places::Places;
use defib_console::style::Style;
use defib_executor::AtEnd;
use defib_executor::separation::Separation;
use std::ffi::OsString;
use std::path::Path;

/// Program and arguments.
pub(crate) fn guardian_argv(
    own: &Path,
    separation: &Separation,
    places: &Places,
    global: &Global,
    at_end: AtEnd,
) -> Vec<OsString> {
    let style = Style::for_stdout(global.color, global.plain);
    let form = match Form::choose(global.json, style) {
        // A service's log is read by people and journald, never redrawn.
        Form::Terminal if at_end == AtEnd::LeaveApps => Form::Plain,
        form => form,
    };
    // By this name it is found by whoever executes it, even where its own user may not go.
    let program = if separation.ids.is_some() { Path::new("/proc/self/exe") } else { own };
    let mut argv: Vec<OsString> = vec![program.into(), "guardian".into()];
    argv.extend(separation.ids.is_some().then(|| "--confined".into()));
    argv.extend(separation.alarm.iter().flat_map(|alarm| ["--alarm".into(), alarm.into()]));
    for (flag, value) in [("--state", &places.state), ("--runtime", &places.runtime)] {
        argv.extend([flag.into(), value.into()]);
    }
    argv.extend(["--form".into(), form_name(form).into()]);
    argv.extend(style.color.then(|| "--color".into()));
    argv.extend(style.unicode.then(|| "--unicode".into()));
    let verbose =
        if global.quiet { "0" } else { ["1", "2", "3"][usize::from(global.verbose.min(2))] };
    argv.extend(["--verbose".into(), verbose.into()]);
    argv
}
