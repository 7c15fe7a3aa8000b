//! What counts as the same command.

use super::*;
use std::os::unix::fs::PermissionsExt;

fn words(text: &str) -> Vec<String> {
    text.split(' ').filter(|word| !word.is_empty()).map(ToOwned::to_owned).collect()
}

fn shown(exe: &str, line: &str) -> Shown {
    let argv = words(line).into_iter().map(String::into_bytes).collect();
    Shown { argv, exe: exe.into(), cwd: "/".into() }
}

fn binary<'a>(program: &str, arguments: &'a [String]) -> Command<'a> {
    Command { program: program.into(), arguments, interpreter: None }
}

#[test]
fn a_program_is_known_by_its_file_and_all_its_arguments() {
    let arguments = words("-p 80");
    let command = binary("/usr/bin/httpd", &arguments);
    for line in ["httpd -p 80", "/usr/sbin/../bin/httpd -p 80", "-x -p 80"] {
        assert!(command.is_run_by(&shown("/usr/bin/httpd", line)), "{line}");
    }
    for line in ["httpd -p 8", "httpd -p 80 80", "httpd -p", "httpd", "httpd 80 -p", "httpd -p80"] {
        assert!(!command.is_run_by(&shown("/usr/bin/httpd", line)), "{line}");
    }
    assert!(!command.is_run_by(&shown("/usr/bin/nginx", "httpd -p 80")));
}

#[test]
fn a_title_counts_if_it_ends_with_the_arguments() {
    let arguments = words("-g daemon off;");
    let title = |text: &str| Shown {
        argv: vec![text.as_bytes().to_vec(), Vec::new(), Vec::new()],
        exe: "/usr/sbin/nginx".into(),
        cwd: "/".into(),
    };
    let command = binary("/usr/sbin/nginx", &arguments);
    assert!(command.is_run_by(&title("nginx: master process /usr/sbin/nginx -g daemon off;")));
    assert!(!command.is_run_by(&title("nginx: master process nginx -c /etc/other.conf")));
    assert!(!command.is_run_by(&title("nginx: worker process")));
    assert!(!command.is_run_by(&title("nginxx: master process nginx -g daemon off;")));
    // Without arguments there is nothing by which one nginx could be told from another.
    assert!(!binary("/usr/sbin/nginx", &[]).is_run_by(&title("nginx: worker process")));
}

#[test]
fn a_script_is_known_by_who_runs_it() {
    let folder = std::env::temp_dir().join(format!("defib-command-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("made");
    let script = folder.join("gunicorn");
    let path = script.to_string_lossy().into_owned();
    let write = |first: &str| {
        std::fs::write(&script, format!("{first}\nimport sys\n")).expect("written");
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("set");
    };
    let arguments = words("-c conf.py app:app");
    let sh = Path::new("/bin/sh").canonicalize().expect("there is a shell");
    let sh = sh.to_str().expect("text");
    write("#!/bin/sh -e");
    let command = Command::of(&script, &arguments).expect("it is there");
    for line in ["/bin/sh -e S -c conf.py app:app", "sh S -c conf.py app:app"] {
        assert!(command.is_run_by(&shown(sh, &line.replace('S', &path))), "{line}");
    }
    let others = [
        "sh -c S -c conf.py app:app extra",
        "sh other S -c conf.py app:app",
        "S -c conf.py app:app",
        "sh /etc/passwd -c conf.py app:app",
        "sh S -c conf.py",
    ];
    for line in others {
        assert!(!command.is_run_by(&shown(sh, &line.replace('S', &path))), "{line}");
    }
    assert!(
        !command.is_run_by(&shown("/usr/bin/sudo", &format!("sudo {path} -c conf.py app:app")))
    );
    // A relative path is read where the process is.
    let mut relative = shown(sh, "sh ./gunicorn -c conf.py app:app");
    assert!(!command.is_run_by(&relative));
    relative.cwd.clone_from(&folder);
    assert!(command.is_run_by(&relative));
    write("#!/usr/bin/env python3");
    let command = Command::of(&script, &arguments).expect("it is there");
    let line = format!("python3 {path} -c conf.py app:app");
    assert!(command.is_run_by(&shown("/usr/bin/python3.11", &line)));
    assert!(!command.is_run_by(&shown("/usr/bin/perl", &line)));
    // As pyenv's stand-in for a program of the same name does.
    assert!(command.is_run_by(&shown("/opt/gunicorn-21", "/opt/gunicorn -c conf.py app:app")));
    assert!(!command.is_run_by(&shown("/opt/gunicorns", "/opt/gunicorn -c conf.py app:app")));
    assert_eq!(Command::of(&folder.join("none"), &arguments), None);
    std::fs::remove_dir_all(&folder).expect("removed");
}

#[test]
fn this_process_shows_what_it_runs() {
    let own = shown_by(std::process::id()).expect("we run");
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let exe = std::env::current_exe().expect("known");
    assert!(Command::of(&exe, &arguments).expect("a file").is_run_by(&own));
    assert_eq!(shown_by(0), None);
}
