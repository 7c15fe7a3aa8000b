//! Numbers out of what the kernel writes, without an allocation: it is read when memory is gone.

/// The number at the beginning of `text`, blanks before it left out.
pub(crate) fn number(text: &[u8]) -> Option<u64> {
    let from = text.iter().position(|byte| *byte != b' ' && *byte != b'\t')?;
    let digits = text[from..].iter().take_while(|byte| byte.is_ascii_digit());
    let mut value = None;
    for digit in digits {
        let before: u64 = value.unwrap_or(0);
        value = Some(before.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?);
    }
    value
}

/// What follows `name` where it stands at the beginning of a line.
pub(crate) fn after<'a>(text: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    text.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(name))
}

/// The number that follows `name` on its line.
pub(crate) fn named(text: &[u8], name: &[u8]) -> Option<u64> {
    number(after(text, name)?)
}

/// `avg10=12.34` of the line that begins with `name`, in permille.
pub(crate) fn avg10(text: &[u8], name: &[u8]) -> Option<u16> {
    let line = after(text, name)?;
    let at = line.windows(6).position(|part| part == b"avg10=")? + 6;
    let whole = number(&line[at..])?;
    let dot = line[at..].iter().position(|byte| *byte == b'.')? + at + 1;
    let tenth = line.get(dot).filter(|byte| byte.is_ascii_digit())? - b'0';
    u16::try_from(whole.checked_mul(10)?.checked_add(u64::from(tenth))?).ok()
}

/// `part` of `whole` in permille, at most 1000; 0 of nothing.
pub(crate) fn permille(part: u64, whole: u64) -> u16 {
    let value = part.saturating_mul(1000).checked_div(whole).unwrap_or(0);
    value.min(1000) as u16
}

/// A path of `/proc/NUMBER` and what follows, on the stack.
pub(crate) struct ProcPath {
    bytes: [u8; 48],
    length: usize,
}

impl ProcPath {
    /// `/proc/PID` + `rest`. A rest that does not fit gives a path that is not there.
    pub(crate) fn new(pid: u32, rest: &[u8]) -> ProcPath {
        ProcPath::of(b"/proc/", pid, rest)
    }

    /// The same without `/proc/`, below a descriptor of it.
    pub(crate) fn below(pid: u32, rest: &[u8]) -> ProcPath {
        ProcPath::of(b"", pid, rest)
    }

    fn of(root: &[u8], pid: u32, rest: &[u8]) -> ProcPath {
        let mut path = ProcPath { bytes: [0; 48], length: 0 };
        let mut digits = [0_u8; 10];
        let (mut left, mut at) = (pid, digits.len());
        loop {
            at -= 1;
            digits[at] = b'0' + (left % 10) as u8;
            left /= 10;
            if left == 0 {
                break;
            }
        }
        path.push(root);
        path.push(&digits[at..]);
        path.push(rest);
        path
    }

    fn push(&mut self, part: &[u8]) {
        let room = self.bytes.len() - self.length;
        let part = &part[..part.len().min(room)];
        self.bytes[self.length..self.length + part.len()].copy_from_slice(part);
        self.length += part.len();
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_by_their_names() {
        let text = b"MemTotal:  614400 kB\nMemFree:  1 kB\nMemAvailable:  12288 kB\n";
        assert_eq!(named(text, b"MemAvailable:"), Some(12_288));
        assert_eq!(named(text, b"Swap:"), None);
        assert_eq!(number(b"max\n"), None);
        assert_eq!(number(b"99999999999999999999999"), None);
    }

    #[test]
    fn pressure_is_read_to_a_tenth_of_a_percent() {
        let text = b"some avg10=97.25 avg60=1.00 total=5\nfull avg10=8.09 avg60=0.00 total=1\n";
        assert_eq!(avg10(text, b"some"), Some(972));
        assert_eq!(avg10(text, b"full"), Some(80));
        assert_eq!(avg10(b"", b"full"), None);
        assert_eq!(avg10(b"full avg10=", b"full"), None);
    }

    #[test]
    fn paths_are_built_on_the_stack() {
        assert_eq!(ProcPath::new(0, b"/stat").as_bytes(), b"/proc/0/stat");
        let path = ProcPath::new(u32::MAX, b"/stat");
        assert_eq!(path.as_bytes(), b"/proc/4294967295/stat");
        assert_eq!(ProcPath::below(77, b"/statm").as_bytes(), b"77/statm");
    }
}
