//! Processes with an end: a command that takes too long is killed and fails its test.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a command left behind.
pub struct Output {
    /// Whether it exited with 0.
    pub success: bool,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: String,
}

impl Output {
    /// The standard output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
}

/// Runs `command` for at most `seconds`.
pub fn run(command: &mut Command, seconds: u64) -> Output {
    // Files and not pipes: a child that outlives its parent would keep a pipe open and the reader waiting.
    let mut stdout = tempfile::tempfile().expect("a temporary file");
    let mut stderr = tempfile::tempfile().expect("a temporary file");
    command.stdin(Stdio::null()).stdout(stdout.try_clone().expect("a handle"));
    command.stderr(stderr.try_clone().expect("a handle"));
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    let end = Instant::now() + Duration::from_secs(seconds);
    let status = loop {
        if let Some(status) = child.try_wait().expect("a status") {
            break status;
        }
        if Instant::now() > end {
            child.kill().expect("it can be killed");
            child.wait().expect("it ends");
            panic!("{command:?} took more than {seconds} s\n{}", String::from_utf8_lossy(&read(&mut stderr)));
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let stderr = String::from_utf8_lossy(&read(&mut stderr)).into_owned();
    Output { success: status.success(), stdout: read(&mut stdout), stderr }
}

/// Runs `command`, which must succeed, and gives its standard output without white space around it.
pub fn succeed(command: &mut Command, seconds: u64) -> String {
    let output = run(command, seconds);
    assert!(output.success, "{command:?} failed\n{}\n{}", output.text(), output.stderr);
    output.text().trim().to_owned()
}

/// Asks until `question` has an answer, for at most `seconds`.
pub fn wait_for<T>(what: &str, seconds: u64, mut question: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(seconds);
    loop {
        if let Some(answer) = question() {
            return answer;
        }
        assert!(Instant::now() < end, "{what}: not within {seconds} s");
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn read(file: &mut File) -> Vec<u8> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0)).expect("a file can be rewound");
    file.read_to_end(&mut bytes).expect("a file can be read");
    bytes
}
