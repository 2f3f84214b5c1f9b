//! The client against servers on loopback.

use super::testing::{Answer, Asked, Server, nobody};
use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};

fn client() -> Client {
    Client::with_delay(Duration::from_millis(1))
}

fn get(url: impl Into<String>) -> Result<(Head, Vec<u8>), Error> {
    client().bytes(&Request::get(url), 1000)
}

/// What an error says, without the ports of the tests.
fn told<T>(result: Result<T, Error>) -> String {
    let text = result.err().map_or_else(|| "no error".to_owned(), |error| error.to_string());
    text.split("127.0.0.1:").enumerate().fold(String::new(), |text, (at, part)| match at {
        0 => part.to_owned(),
        _ => text + "HOST" + part.trim_start_matches(|c: char| c.is_ascii_digit()),
    })
}

#[test]
fn answers() {
    let server = Server::new(|asked| match asked.path.as_str() {
        "/yes?q=1" => Answer::ok("text").header("x-kind", "a").header("x-kind", "b"),
        "/chunked" => Answer::ok("3\r\none\r\n0\r\n\r\n").header("transfer-encoding", "chunked"),
        _ => Answer::status(401, "who?").header("www-authenticate", "Bearer realm=\"x\""),
    });
    let (head, body) = get(server.url("/yes?q=1")).expect("an answer");
    assert_eq!((head.status, body.as_slice(), head.length()), (200, b"text".as_slice(), Some(4)));
    assert_eq!((head.header("X-Kind"), head.headers("x-kind").count()), (Some("a"), 2));
    assert_eq!(get(server.url("/chunked")).expect("an answer").1, b"one");
    let head = client().head(&Request::head(server.url("/yes?q=1")).header("accept", "a/b")).expect("an answer");
    assert_eq!(head.length(), Some(4));
    assert_eq!(server.asked()[2].header("accept"), Some("a/b"));
    match get(server.url("/no")) {
        Err(Error::Status { head, body }) => {
            assert_eq!((head.status, body.as_slice()), (401, b"who?".as_slice()));
            assert_eq!(head.header("www-authenticate"), Some("Bearer realm=\"x\""));
        }
        other => panic!("{other:?}"),
    }
    let _ = client().bytes(&Request::post_form(server.url("/token"), "a=b"), 1000);
    let asked = server.asked().pop().expect("asked");
    assert_eq!((asked.method.as_str(), asked.body.as_slice()), ("POST", b"a=b".as_slice()));
}

#[test]
fn redirects() {
    let other = Server::new(|asked| Answer::ok(asked.path.clone()));
    let elsewhere = other.url("/there");
    let server = Server::new(move |asked| match asked.path.as_str() {
        "/a/start" => Answer::to(302, "../next"),
        "/next" => Answer::to(308, "/last?x"),
        "/last?x" => Answer::ok("here"),
        "/out" => Answer::to(307, elsewhere.clone()),
        "/file" => Answer::to(302, "file:///etc/passwd"),
        "/secret" => Answer::to(302, "http://me:pass@127.0.0.1/"),
        "/open" => Answer::to(302, "http://archive.example/"),
        "/nowhere" => Answer::status(302, ""),
        _ => Answer::to(301, asked.path.clone() + "x"),
    });
    let (head, body) = get(server.url("/a/start")).expect("an answer");
    assert_eq!((head.url, body), (server.url("/last?x"), b"here".to_vec()));
    for (path, expected) in [
        ("/file", "`http://HOST/file` redirects to `file:///etc/passwd`, which is another scheme (file)"),
        ("/open", "`http://archive.example/` is plain http, and that is not allowed for this host"),
        (
            "/secret",
            "`http://HOST/secret` redirects to something that cannot be followed: it holds a user name or a password",
        ),
        ("/nowhere", "`http://HOST/nowhere` redirects to something that cannot be followed: it does not say where to"),
        ("/loop", "`http://HOST/loop` redirects too often"),
    ] {
        assert_eq!(told(get(server.url(path))), expected);
    }
    // What is for one place is not told to another.
    let request = Request::get(server.url("/out")).authorization("Bearer secret");
    assert_eq!(client().bytes(&request, 1000).expect("an answer").1, b"/there");
    let authorization = |asked: &Asked| asked.header("authorization").map(str::to_owned);
    assert_eq!(authorization(&server.asked().pop().expect("asked")).as_deref(), Some("Bearer secret"));
    assert_eq!(other.asked().iter().map(authorization).collect::<Vec<_>>(), [None]);
    // It is to the same place, however it comes there.
    let request = Request::get(server.url("/a/start")).authorization("Bearer secret");
    client().bytes(&request, 1000).expect("an answer");
    assert_eq!(authorization(&server.asked().pop().expect("asked")).as_deref(), Some("Bearer secret"));
}

#[test]
fn from_https_to_http() {
    let at = |url: &str| Address::parse(url).expect("a URL");
    let check = |from: &str, to: &str, expected: Result<&str, &str>| {
        let mut headers = HeaderMap::new();
        headers.insert("location", to.parse().expect("a value"));
        let next = next(&at(from), &Head { url: from.to_owned(), status: 302, headers });
        let shown = next.map(|next| next.to_string()).map_err(|error| error.to_string());
        assert_eq!(shown.as_deref().map_err(String::as_str), expected, "{from} {to}");
    };
    check("https://a.example/", "https://b.example/", Ok("https://b.example/"));
    check("http://a.example/", "https://a.example/", Ok("https://a.example/"));
    check("http://a.example/", "http://b.example/", Ok("http://b.example/"));
    let refused = |to: &str| format!("`https://a.example/` redirects to `{to}`, which is another scheme (http)");
    for to in ["http://b.example/", "http://a.example/", "http://127.0.0.1/"] {
        check("https://a.example/", to, Err(&refused(to)));
    }
}

#[test]
fn plain_http() {
    let check = |url: &str, plain: Plain, expected| {
        assert_eq!(is_allowed(&Address::parse(url).expect("a URL"), &plain), expected, "{url} {plain:?}");
    };
    check("https://a.example/", Plain::Loopback, true);
    check("http://a.example/", Plain::Loopback, false);
    check("http://127.0.0.1:5000/", Plain::Loopback, true);
    check("http://a.example/", Plain::Anywhere, true);
    let hosts = |host: &str| Plain::Hosts(vec![host.to_owned()]);
    check("http://a.example:5000/", hosts("a.example"), true);
    check("http://a.example:5000/", hosts("a.example:5000"), true);
    check("http://a.example:5001/", hosts("a.example:5000"), false);
    check("http://b.a.example/", hosts("a.example"), false);
}

#[test]
fn a_second_time() {
    /// A server that answers `answers` one after the other, then with a success.
    fn server(answers: Vec<Answer>) -> Server {
        let next = AtomicUsize::new(0);
        Server::new(move |_| {
            answers.get(next.fetch_add(1, Ordering::SeqCst)).cloned().unwrap_or_else(|| Answer::ok("text"))
        })
    }
    let check = |answers: Vec<Answer>, asked: usize, expected: Result<&str, &str>| {
        let server = server(answers);
        let result = get(server.url("/")).map(|(_, body)| String::from_utf8(body).expect("text"));
        let result = result.map_err(|error| told::<()>(Err(error)));
        assert_eq!(result.as_deref().map_err(String::as_str), expected);
        assert_eq!(server.asked().len(), asked);
    };
    check(vec![Answer::status(503, ""), Answer::status(429, "").header("retry-after", "0")], 3, Ok("text"));
    check(vec![Answer::ok("a longer text").cut(5)], 2, Ok("text"));
    check(vec![Answer::ok("3\r\none\r\n").header("transfer-encoding", "chunked")], 2, Ok("text"));
    check(vec![Answer::status(502, ""); 9], 4, Err("`http://HOST/` answered 502 Bad Gateway"));
    check(vec![Answer::status(404, "")], 1, Err("`http://HOST/` answered 404 Not Found"));
    check(vec![Answer::status(501, "")], 1, Err("`http://HOST/` answered 501 Not Implemented"));
    let busy = "`http://HOST/` answered 429 Too Many Requests, and asks to wait 3600 seconds";
    check(vec![Answer::status(429, "").header("retry-after", "3600")], 1, Err(busy));
    assert_eq!(told(get(nobody())), "`http://HOST/` cannot be reached: Connection refused");
}

#[test]
fn times_to_wait() {
    let now = UNIX_EPOCH + Duration::from_secs(Instant::parse("2026-11-23T11:22:37Z").expect("a time").seconds());
    let check = |text: &str, seconds: Option<u64>| {
        assert_eq!(asked_wait(text, now), seconds.map(Duration::from_secs), "{text}");
    };
    check("7", Some(7));
    check("Mon, 23 Nov 2026 11:23:37 GMT", Some(60));
    check("Mon, 23 Nov 2026 11:00:00 GMT", Some(0));
    check("soon", None);
}

#[test]
fn too_much() {
    let server = Server::new(|asked| match asked.path.as_str() {
        "/chunked" => Answer::ok("5\r\nhello\r\n0\r\n\r\n").header("transfer-encoding", "chunked"),
        "/endless" => Answer::ok("hello").header("connection", "close").header("transfer-encoding", "identity"),
        _ => Answer::ok("hello"),
    });
    for path in ["/", "/chunked"] {
        let with = |limit| client().bytes(&Request::get(server.url(path)), limit);
        assert_eq!(with(5).expect("an answer").1, b"hello");
        assert_eq!(told(with(4)), format!("`http://HOST{path}` holds more than the 4 bytes that are allowed"));
    }
}

#[test]
fn secrets_are_not_told() {
    assert_eq!(
        told(get("https://me:secret@a.example/x")),
        "`https://…@a.example/x` is no address to fetch from: it holds a user name or a password"
    );
    assert_eq!(
        told(get("ftp://a.example/")),
        "`ftp://a.example/` is no address to fetch from: its scheme is neither https nor http"
    );
}

#[test]
fn proxies() {
    let proxy = |url: &str, excepted: &str, at: &str| {
        proxied(url, excepted).map(|proxy| !proxy.is_no_proxy(&at.parse().expect("a URL")))
    };
    let url = "http://me:p%40ss@proxy.example:3128";
    assert_eq!(proxied(url, "").and_then(|proxy| proxy.password().map(str::to_owned)).as_deref(), Some("p@ss"));
    for (excepted, at, expected) in [
        ("", "https://a.example/", true),
        ("b.example, a.example", "https://a.example/", false),
        ("a.example", "https://x.a.example/", false),
        (".a.example", "https://a.example/", true),
        ("*", "https://a.example/", false),
    ] {
        assert_eq!(proxy(url, excepted, at), Some(expected), "{excepted} {at}");
    }
}
