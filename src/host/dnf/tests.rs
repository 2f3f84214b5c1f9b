//! Repositories that the tests make themselves.

use super::*;
use crate::host::http::testing::{Answer, Server};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write as _;
use std::time::Duration;

fn primary(version: &str) -> Vec<u8> {
    let text = format!(
        "<metadata><package type=\"rpm\"><name>curl</name><arch>x86_64</arch>\
         <version epoch=\"0\" ver=\"{version}\" rel=\"1.fc41\"/></package></metadata>"
    );
    text.into_bytes()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("written");
    encoder.finish().expect("packed")
}

fn repomd(path: &str, file: &[u8], unpacked: usize) -> Vec<u8> {
    let text = format!(
        "<repomd><data type=\"primary\"><checksum type=\"sha256\">{}</checksum><location href=\"{path}\"/>\
         <timestamp>1700000000</timestamp><size>{}</size><open-size>{unpacked}</open-size></data></repomd>",
        Sum::of(file),
        file.len(),
    );
    text.into_bytes()
}

fn repository(address: Address) -> Repository {
    Repository { id: "test".to_owned(), address, signed: false, keys: Vec::new() }
}

#[test]
fn repositories() {
    let text = primary("8.9.1");
    let kept: Vec<(String, Vec<u8>)> =
        [("gz", gzip(&text)), ("zst", zstd::encode_all(text.as_slice(), 1).expect("packed")), ("xml", text.clone())]
            .into_iter()
            .flat_map(|(ending, file)| {
                let path = format!("repodata/primary.xml.{ending}");
                let repomd = repomd(&path, &file, text.len());
                [(format!("/{ending}/repodata/repomd.xml"), repomd), (format!("/{ending}/{path}"), file)]
            })
            .chain([
                ("/evil/repodata/repomd.xml".to_owned(), repomd("repodata/p.xml", b"another file", 100)),
                ("/evil/repodata/p.xml".to_owned(), b"not this one".to_vec()),
                // It says that it unpacks to less than it does: what is over is not read, and so it ends in the middle.
                ("/bomb/repodata/repomd.xml".to_owned(), repomd("repodata/p.xml.gz", &gzip(&text), 20)),
                ("/bomb/repodata/p.xml.gz".to_owned(), gzip(&text)),
            ])
            .collect();
    let gz = Sum::of(&kept[0].1);
    let server = Server::new(move |asked| {
        kept.iter()
            .find(|(path, _)| *path == asked.path)
            .map_or(Answer::status(404, ""), |(_, body)| Answer::ok(body.clone()))
    });
    let client = Client::with_delay(Duration::ZERO);
    let names = BTreeSet::from(["curl".to_owned()]);
    let of = |path: &str, state: Option<&Sum>| {
        packages(&client, &repository(Address::Base(server.url(path))), &names, state)
    };
    for ending in ["/gz", "/zst/", "/xml"] {
        let index = of(ending, None).expect(ending);
        assert_eq!((index.packages.len(), index.dated.seconds()), (1, 1_700_000_000), "{ending}");
    }
    let other = Sum::of(b"other");
    assert_eq!(of("/gz", Some(&gz)).expect("the same state").state, gz);
    assert!(matches!(of("/gz", Some(&other)), Err(Error::Moved { .. })));
    assert!(matches!(of("/evil", None), Err(Error::Tampered { .. })));
    assert!(matches!(of("/bomb", None), Err(Error::Flaw { .. })));
    assert!(matches!(of("/none", None), Err(Error::Fetch(_))));
    let signed = Repository { signed: true, ..repository(Address::Base(server.url("/gz"))) };
    assert!(matches!(packages(&client, &signed, &names, None), Err(Error::Signed(_))));
    let plain = repository(Address::Base("http://rpm.example/fedora".to_owned()));
    assert!(matches!(packages(&client, &plain, &names, None), Err(Error::Fetch(http::Error::Plain { .. }))));
}

#[test]
fn metalinks() {
    let text = primary("8.9.1");
    let repomd = repomd("repodata/p.xml", &text, text.len());
    let sum = Sum::of(&repomd);
    let server = Server::new(move |asked| match asked.path.as_str() {
        "/good/repodata/repomd.xml" => Answer::ok(repomd.clone()),
        "/good/repodata/p.xml" => Answer::ok(text.clone()),
        "/evil/repodata/repomd.xml" => Answer::ok(b"<repomd/>".to_vec()),
        path => match path.strip_prefix("/link?") {
            Some(mirrors) => {
                let host = asked.header("host").unwrap_or_default();
                let urls: String = mirrors
                    .split(',')
                    .map(|mirror| format!("<url protocol=\"http\">http://{host}/{mirror}/repodata/repomd.xml</url>"))
                    .collect();
                Answer::ok(format!(
                    "<metalink><files><file name=\"repomd.xml\"><verification><hash type=\"md5\">12</hash>\
                     <hash type=\"sha256\">{sum}</hash></verification><resources>{urls}</resources></file></files></metalink>"
                ))
            }
            None => Answer::status(404, ""),
        },
    });
    let client = Client::with_delay(Duration::ZERO);
    let names = BTreeSet::from(["curl".to_owned()]);
    let of = |mirrors: &str| {
        let link = server.url(&format!("/link?{mirrors}"));
        packages(&client, &repository(Address::Metalink(link)), &names, None)
    };
    assert_eq!(of("good").expect("a mirror").state, sum);
    assert_eq!(of("none,evil,good").expect("the third mirror").packages.len(), 1);
    assert!(matches!(of("evil"), Err(Error::Tampered { .. })));
}
