//! Words of a line: `name=value` fields, and values that are one word.

use crate::plan::{CrashPoint, DiskFault, DiskName, ManagerFault, Plan, Remedy};
use defib_engine::event::Exit;

/// The names of a plan's apps.
#[derive(Clone, Debug)]
pub struct Names(pub(super) Vec<String>);

impl Names {
    /// Those of this plan.
    pub fn of(plan: &Plan) -> Names {
        Names(plan.apps.iter().map(|app| app.name.clone()).collect())
    }

    /// The name of an app.
    pub fn name(&self, app: usize) -> &str {
        self.0.get(app).map_or("?", String::as_str)
    }

    pub(super) fn index(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|it| it == name)
    }
}

/// The fields of a line.
pub(super) struct Fields<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Fields<'a> {
    /// A word without `=` is a field without value.
    pub(super) fn read(words: impl Iterator<Item = &'a str>) -> Result<Fields<'a>, String> {
        let mut fields: Vec<(&str, &str)> = Vec::new();
        for word in words {
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            if fields.iter().any(|(other, _)| *other == name) {
                return Err(format!("`{name}` is there twice"));
            }
            fields.push((name, value));
        }
        Ok(Fields(fields))
    }

    pub(super) fn take_if_any(&mut self, name: &str) -> Option<&'a str> {
        let at = self.0.iter().position(|(other, _)| *other == name)?;
        Some(self.0.remove(at).1)
    }

    pub(super) fn take(&mut self, name: &str) -> Result<&'a str, String> {
        self.take_if_any(name).ok_or_else(|| format!("`{name}` is missing"))
    }

    pub(super) fn value<T: Word>(&mut self, name: &str, names: &Names) -> Result<T, String> {
        let word = self.take(name)?;
        T::read(word, names).ok_or_else(|| format!("`{name}` cannot be `{word}`"))
    }

    /// Nothing is left.
    pub(super) fn end(self) -> Result<(), String> {
        self.0.first().map_or(Ok(()), |(name, _)| Err(format!("`{name}` is not known")))
    }
}

/// A value that is one word.
pub(super) trait Word: Sized {
    fn write(&self, names: &Names) -> String;
    fn read(word: &str, names: &Names) -> Option<Self>;
}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl Word for $number {
            fn write(&self, _: &Names) -> String {
                self.to_string()
            }
            fn read(word: &str, _: &Names) -> Option<Self> {
                word.parse().ok()
            }
        }
    )*};
}

numbers! { u8 u16 u32 u64 i64 }

/// The only numbers of this type are apps.
impl Word for usize {
    fn write(&self, names: &Names) -> String {
        names.name(*self).to_owned()
    }

    fn read(word: &str, names: &Names) -> Option<usize> {
        names.index(word)
    }
}

/// Values without numbers, by their names.
macro_rules! plain {
    ($type:ty { $($word:literal => $value:path,)* }) => {
        impl Word for $type {
            fn write(&self, _: &Names) -> String {
                match self { $($value => $word,)* }.to_owned()
            }
            fn read(word: &str, _: &Names) -> Option<Self> {
                match word { $($word => Some($value),)* _ => None }
            }
        }
    };
}

plain!(DiskName { "run" => DiskName::Run, "state" => DiskName::State, });
plain!(CrashPoint {
    "before" => CrashPoint::Before,
    "torn" => CrashPoint::Torn,
    "after" => CrashPoint::After,
});

impl Word for DiskFault {
    fn write(&self, _: &Names) -> String {
        match self {
            DiskFault::Full => "full".to_owned(),
            DiskFault::ReadOnly => "read-only".to_owned(),
            DiskFault::SyncFails => "sync-fails".to_owned(),
            DiskFault::Slow { ms } => format!("slow:{ms}"),
        }
    }

    fn read(word: &str, _: &Names) -> Option<DiskFault> {
        Some(match word {
            "full" => DiskFault::Full,
            "read-only" => DiskFault::ReadOnly,
            "sync-fails" => DiskFault::SyncFails,
            _ => DiskFault::Slow { ms: word.strip_prefix("slow:")?.parse().ok()? },
        })
    }
}

impl Word for ManagerFault {
    fn write(&self, _: &Names) -> String {
        match self {
            ManagerFault::Slow { by_ms } => format!("slow:{by_ms}"),
            ManagerFault::Stuck => "stuck".to_owned(),
            ManagerFault::Lost => "lost".to_owned(),
            ManagerFault::StartFails => "start-fails".to_owned(),
        }
    }

    fn read(word: &str, _: &Names) -> Option<ManagerFault> {
        Some(match word {
            "stuck" => ManagerFault::Stuck,
            "lost" => ManagerFault::Lost,
            "start-fails" => ManagerFault::StartFails,
            _ => ManagerFault::Slow { by_ms: word.strip_prefix("slow:")?.parse().ok()? },
        })
    }
}

impl Word for Exit {
    fn write(&self, _: &Names) -> String {
        match self {
            Exit::Code(code) => format!("code:{code}"),
            Exit::Signal(signal) => format!("signal:{signal}"),
            Exit::Unseen => "unseen".to_owned(),
        }
    }

    fn read(word: &str, _: &Names) -> Option<Exit> {
        Some(match word.split_once(':') {
            Some(("code", code)) => Exit::Code(code.parse().ok()?),
            Some(("signal", signal)) => Exit::Signal(signal.parse().ok()?),
            None if word == "unseen" => Exit::Unseen,
            _ => return None,
        })
    }
}

/// `new-process,reboot,after:5000`, or `none`.
pub(super) fn write_remedy(remedy: Remedy) -> String {
    let mut ends = Vec::new();
    if remedy.new_process {
        ends.push("new-process".to_owned());
    }
    if remedy.reboot {
        ends.push("reboot".to_owned());
    }
    if remedy.after_ms > 0 {
        ends.push(format!("after:{}", remedy.after_ms));
    }
    if ends.is_empty() { "none".to_owned() } else { ends.join(",") }
}

pub(super) fn read_remedy(word: &str) -> Result<Remedy, String> {
    let mut remedy = Remedy::NONE;
    for end in word.split(',') {
        match (end, end.strip_prefix("after:").map(str::parse)) {
            ("none", _) => {}
            ("new-process", _) => remedy.new_process = true,
            ("reboot", _) => remedy.reboot = true,
            (_, Some(Ok(ms))) => remedy.after_ms = ms,
            _ => return Err(format!("`cure` cannot be `{end}`")),
        }
    }
    Ok(remedy)
}
