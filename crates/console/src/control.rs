//! The client of the control socket (docs/formats/control.md): one question, one answer, with a
//! limit on time and bytes, because a person is waiting and the other side may be in trouble.

use serde_json::Value;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// The longest answer that is taken.
const ANSWER_MAX: u64 = 64 * 1024;

/// A healthy guardian answers within one turn of its loop, some milliseconds.
const PATIENCE: Duration = Duration::from_secs(3);

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AskError {
    /// Nobody listens there.
    NotThere,
    /// This user may not.
    NotAllowed,
    /// No answer in time.
    Silent,
    /// An answer that is none.
    Broken(String),
    /// The agent said no.
    Refused {
        /// What it said.
        error: String,
        /// What could be done.
        hint: Option<String>,
    },
}

impl AskError {
    /// For a person: what happened, and what to do.
    pub fn sentence(&self, socket: &Path) -> String {
        let socket = socket.display();
        match self {
            AskError::NotThere => format!(
                "no agent answers at {socket}\nis it running? start one with: defib daemon, or \
                 defib guard URL"
            ),
            AskError::NotAllowed => format!(
                "you may not command the agent at {socket}\nroot, and the agent's own user and \
                 group may: try sudo"
            ),
            AskError::Silent => format!(
                "the agent at {socket} did not answer in {} s\nit may be starved or stuck; its \
                 journal is still readable: defib incidents",
                PATIENCE.as_secs()
            ),
            AskError::Broken(what) => {
                format!("the agent at {socket} gave an answer that cannot be read: {what}")
            }
            AskError::Refused { error, hint: Some(hint) } => format!("{error}\n{hint}"),
            AskError::Refused { error, hint: None } => error.clone(),
        }
    }
}

impl From<io::Error> for AskError {
    fn from(error: io::Error) -> AskError {
        use io::ErrorKind as Kind;
        match error.kind() {
            Kind::NotFound | Kind::ConnectionRefused => AskError::NotThere,
            Kind::WouldBlock | Kind::TimedOut => AskError::Silent,
            // Closed before it took the question is what the agent does with a stranger.
            Kind::PermissionDenied | Kind::BrokenPipe | Kind::ConnectionReset => {
                AskError::NotAllowed
            }
            _ => AskError::Broken(error.to_string()),
        }
    }
}

/// Asks once. The `Ok` is an answer with `"ok":true`.
pub fn ask(socket: &Path, question: &Value) -> Result<Value, AskError> {
    let stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    (&stream).write_all(format!("{question}\n").as_bytes())?;
    let mut line = String::new();
    BufReader::new(stream.take(ANSWER_MAX)).read_line(&mut line)?;
    if line.is_empty() {
        return Err(AskError::NotAllowed);
    }
    judge(&line)
}

/// A connection on which the agent tells each line of its journal as it is written.
#[derive(Debug)]
pub struct Watch {
    reader: BufReader<UnixStream>,
    /// A line that has come in part.
    line: Vec<u8>,
}

impl Watch {
    /// Begins to watch.
    pub fn open(socket: &Path) -> Result<Watch, AskError> {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        (&stream).write_all(b"{\"do\":\"watch\"}\n")?;
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.by_ref().take(ANSWER_MAX).read_line(&mut line)?;
        if line.is_empty() {
            return Err(AskError::NotAllowed);
        }
        judge(&line)?;
        Ok(Watch { reader, line: Vec::new() })
    }

    /// The next line; `None` if none came within `limit`.
    pub fn next(&mut self, limit: Duration) -> Result<Option<String>, AskError> {
        // A timeout of nothing is an error.
        self.reader.get_ref().set_read_timeout(Some(limit.max(Duration::from_millis(1))))?;
        match self.reader.read_until(b'\n', &mut self.line) {
            Ok(_) if self.line.ends_with(b"\n") => {
                let line = std::mem::take(&mut self.line);
                Ok(Some(String::from_utf8_lossy(&line).into_owned()))
            }
            Ok(_) => Err(AskError::Broken("it ended in the middle of the drill".to_owned())),
            Err(error)
                if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) =>
            {
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn judge(line: &str) -> Result<Value, AskError> {
    let answer: Value =
        serde_json::from_str(line).map_err(|error| AskError::Broken(error.to_string()))?;
    if answer["ok"] == Value::Bool(true) {
        return Ok(answer);
    }
    match answer["error"].as_str() {
        Some(error) => Err(AskError::Refused {
            error: error.to_owned(),
            hint: answer["hint"].as_str().map(ToOwned::to_owned),
        }),
        None => Err(AskError::Broken("neither ok nor an error".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::os::unix::net::UnixListener;
    use std::path::PathBuf;
    use std::thread;

    fn answered_with(name: &str, answer: &'static str) -> Result<Value, AskError> {
        let path = socket_path(name);
        let listener = UnixListener::bind(&path).expect("a socket of our own");
        let server = thread::spawn(move || {
            let (stream, _) = listener.accept().expect("the client");
            let mut question = String::new();
            BufReader::new(&stream).read_line(&mut question).expect("a question");
            (&stream).write_all(answer.as_bytes()).expect("the client is there");
            question
        });
        let answer = ask(&path, &json!({"do": "status"}));
        assert_eq!(server.join().expect("the server"), "{\"do\":\"status\"}\n");
        std::fs::remove_file(&path).expect("our own socket");
        answer
    }

    fn socket_path(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("defib-ask-{}-{name}", std::process::id()))
    }

    #[test]
    fn answers_and_refusals_are_told_apart() {
        let good = answered_with("good", "{\"schema\":\"defib.status/1\",\"ok\":true}\n");
        assert_eq!(good.map(|v| v["schema"].clone()), Ok(json!("defib.status/1")));
        let refused = answered_with("no", "{\"ok\":false,\"error\":\"no app\",\"hint\":\"h\"}\n");
        let expected = AskError::Refused { error: "no app".into(), hint: Some("h".into()) };
        assert_eq!(refused, Err(expected));
        assert!(matches!(answered_with("noise", "hm\n"), Err(AskError::Broken(_))));
        assert_eq!(answered_with("shut", ""), Err(AskError::NotAllowed));
    }

    #[test]
    fn an_answer_without_end_is_cut() {
        let endless: &'static str = Box::leak(format!("\"{}", "x".repeat(70_000)).into_boxed_str());
        let path = socket_path("endless");
        let listener = UnixListener::bind(&path).expect("a socket of our own");
        let server = thread::spawn(move || {
            let (stream, _) = listener.accept().expect("the client");
            // The client hangs up at its limit, so the write may fail: that is the point.
            let _ = (&stream).write_all(endless.as_bytes());
        });
        assert!(matches!(ask(&path, &json!({})), Err(AskError::Broken(_))));
        server.join().expect("the server");
        std::fs::remove_file(&path).expect("our own socket");
    }

    #[test]
    fn nobody_there_says_what_to_do() {
        let path = socket_path("nobody");
        let error = ask(&path, &json!({})).expect_err("nobody listens");
        assert_eq!(error, AskError::NotThere);
        assert!(error.sentence(&path).contains("defib daemon"));
    }
}
