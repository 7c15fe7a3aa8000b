//! Whether anything sleeps in the kernel: a disk that does not answer, a network file system whose server is gone.

use std::fs;
use std::path::Path;

/// Whether any thread is in state D now. `proc` is `/proc`, and a made one in tests. What cannot be read does not.
pub(super) fn anybody_sleeps(proc: &Path) -> bool {
    entries(proc).any(|process| entries(&process.join("task")).any(|task| sleeps(&task)))
}

fn entries(folder: &Path) -> impl Iterator<Item = std::path::PathBuf> {
    let is_number = |name: &str| name.bytes().all(|byte| byte.is_ascii_digit());
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter(move |it| it.file_name().to_str().is_some_and(is_number)).map(|it| it.path())
}

/// The name may hold anything, so the state is what follows the last `)`.
fn sleeps(task: &Path) -> bool {
    let stat = fs::read(task.join("stat")).unwrap_or_default();
    let end = stat.iter().rposition(|byte| *byte == b')').unwrap_or(stat.len());
    stat.get(end..).is_some_and(|rest| rest.starts_with(b") D"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thread_of_one_process_is_enough() {
        let proc = std::env::temp_dir().join(format!("defib-asleep-{}", std::process::id()));
        let thread = |pid: u32, tid: u32, stat: &str| {
            let folder = proc.join(format!("{pid}/task/{tid}"));
            fs::create_dir_all(&folder).expect("ours");
            fs::write(folder.join("stat"), stat).expect("ours");
        };
        assert!(!anybody_sleeps(&proc), "there is no such folder");
        thread(1, 1, "1 (systemd) S 0 1 1 0");
        thread(7, 7, "7 (a) D (b) R 1 7 7 0");
        thread(7, 8, "8 (a) D (b) Z 1 7 7 0");
        fs::create_dir_all(proc.join("self/task/9")).expect("ours");
        fs::write(proc.join("self/task/9/stat"), "9 (a) D 1").expect("ours");
        assert!(!anybody_sleeps(&proc), "each is one of the numbers");
        thread(7, 9, "9 (a) D (b) D 1 7 7 0");
        assert!(anybody_sleeps(&proc));
        fs::remove_dir_all(&proc).expect("ours");
    }
}
