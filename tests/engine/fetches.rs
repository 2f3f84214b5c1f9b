//! Downloads from a server of the test's own: their content is checked, archives are unpacked.

use crate::build::{Image, compiled};
use crate::process::succeed;
use imgspec::base::sha256_hex;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// Serves the files of `directory` on a port of the loopback for as long as the test process lives.
fn serve(directory: &Path) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let directory = directory.to_owned();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            stream.set_read_timeout(Some(Duration::from_secs(10))).expect("it can be set");
            let mut request = [0; 4096];
            let length = stream.read(&mut request).unwrap_or(0);
            let request = String::from_utf8_lossy(&request[..length]).into_owned();
            let path = request.split(' ').nth(1).unwrap_or("/").trim_start_matches('/');
            let (status, body) = match fs::read(directory.join(path)) {
                Ok(body) => ("200 OK", body),
                Err(_) => ("404 Not Found", Vec::new()),
            };
            let length = body.len();
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
            // HEAD has no body; who hangs up early does not matter here.
            let body = if request.starts_with("HEAD") { &[][..] } else { &body };
            drop(stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)));
        }
    });
    port
}

/// A directory with a program, an archive of one with a leading directory, and their digests.
fn downloads() -> (TempDir, String, String) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let program = "#!/bin/sh\necho fetched\n";
    fs::create_dir_all(directory.path().join("tool-1.0/bin")).expect("it can be made");
    fs::write(directory.path().join("tool-1.0/bin/tool"), program).expect("it can be written");
    fs::write(directory.path().join("program"), program).expect("it can be written");
    let archive = directory.path().join("tool-1.0.tar.gz");
    succeed(Command::new("tar").arg("-czf").arg(&archive).arg("-C").arg(directory.path()).arg("tool-1.0"), 60);
    let archive = sha256_hex(&fs::read(&archive).expect("an archive"));
    (directory, sha256_hex(program.as_bytes()), archive)
}

fn spec(port: u16, program: &str, archive: &str) -> TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let text = format!(
        r#"image "fetched" {{
    from "debian:bookworm-slim@sha256:96e378d7e6531ac9a15ad505478fcc2e69f371b10f5cdf87857c4b8188404716"
    fetch "http://127.0.0.1:{port}/program" to="/usr/local/bin/fetched" sha256="{program}" mode="0755"
    fetch "http://127.0.0.1:{port}/program" to="/srv/dir/" sha256="{program}" owner="33:33"
    fetch "http://127.0.0.1:{port}/tool-1.0.tar.gz" to="/opt/tool" sha256="{archive}" unpack=#true strip=1
    user "10001:10001"
    entrypoint "/usr/local/bin/fetched"
}}
"#
    );
    fs::write(directory.path().join("image.kdl"), text).expect("it can be written");
    directory
}

/// Gives a spec with downloads, in a directory, to `use_it`.
pub fn with_spec(use_it: impl Fn(&Path)) {
    let (files, program, archive) = downloads();
    use_it(spec(serve(files.path()), &program, &archive).path());
}

#[test]
#[ignore = "needs docker"]
fn downloads_are_checked_and_unpacked() {
    let (files, program, archive) = downloads();
    let port = serve(files.path());
    let image = compiled(spec(port, &program, &archive).path()).image("fetched", &[]);
    assert_eq!(image.output(&[]), b"fetched\n");
    assert_eq!(image.as_root("find /opt/tool -type f; stat -c '%a %u:%g' /srv/dir/program"), {
        "/opt/tool/bin/tool\n644 33:33\n"
    });
    assert_eq!(image.as_root("find / -xdev -name '*.tar.gz' -newer /etc/debian_version -size -2"), "");
    let wrong = sha256_hex(b"something else");
    for (program, archive) in [(&wrong, &archive), (&program, &wrong)] {
        let image = Image::unused("fetched");
        let output = compiled(spec(port, program, archive).path()).attempt(&image, &[]);
        assert!(!output.success, "a download with the wrong content is taken");
        assert!(output.stderr.contains("digest mismatch"), "another failure\n{}", output.stderr);
    }
}
