//! The properties of a `start` app's transient service.

use crate::manager::TransientUnit;
use crate::service::bus::write::Writer;

/// Writes the elements of the `a(sv)` of StartTransientUnit.
pub(super) fn write_properties(list: &mut Writer, unit: &TransientUnit) {
    let output = unit.output.to_string_lossy();
    text(list, "Description", &unit.description);
    // Done only when the program was found and executed, not already when a fork was made.
    text(list, "Type", "exec");
    text(list, "KillMode", "control-group");
    // Restarts are decided by the engine, which counts them.
    text(list, "Restart", "no");
    list.property("TimeoutStopUSec", "t", |value| {
        value.u64(u64::from(unit.grace_ms) * 1000);
    });
    if let Some(user) = &unit.user {
        text(list, "User", user);
    }
    if let Some(directory) = &unit.directory {
        text(list, "WorkingDirectory", &directory.to_string_lossy());
    }
    // systemd-run's form of StandardOutput=append:FILE.
    text(list, "StandardOutputFileToAppend", &output);
    text(list, "StandardErrorFileToAppend", &output);
    environment(list, &unit.environment);
    command(list, &unit.argv);
}

fn text(list: &mut Writer, name: &str, value: &str) {
    list.property(name, "s", |variant| {
        variant.string(value);
    });
}

fn environment(list: &mut Writer, pairs: &[(String, String)]) {
    list.property("Environment", "as", |value| {
        value.array(4, |texts| {
            for (key, value) in pairs {
                texts.string(&format!("{key}={value}"));
            }
        });
    });
}

/// `ExecStartEx`: path, arguments with the program's name first, and flags. The plain `ExecStart`
/// would replace every `$NAME` inside an argument, which no exec does.
fn command(list: &mut Writer, argv: &[String]) {
    let program = argv.first().map_or("", String::as_str);
    list.property("ExecStartEx", "a(sasas)", |value| {
        value.array(8, |commands| {
            commands.structure(|command| {
                command.string(program);
                texts(command, argv);
                texts(command, &["no-env-expand".into()]);
            });
        });
    });
}

fn texts(writer: &mut Writer, texts: &[String]) {
    writer.array(4, |list| {
        for text in texts {
            list.string(text);
        }
    });
}
