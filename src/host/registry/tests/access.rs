//! Who is let in, and who is told what.

use super::super::{Login, Registries, RegistryError};
use super::store::{Known, Store, platform, reference, registries};
use crate::host::http::testing::{Answer, Asked, Server};
use std::sync::{Arc, Mutex};

/// What the token of a test is.
const TOKEN: &str = "abc.def";

/// What a registry says whose tokens are at `realm`.
fn bearer(realm: &str) -> Answer {
    let text = format!("Bearer realm=\"{realm}\",service=\"registry.example\",scope=\"repository:acme/api:pull\"");
    Answer::status(401, "").header("www-authenticate", text)
}

/// A registry that lets in with the token alone, which its own `/token` gives to whom `gives` says.
fn guarded(gives: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Server {
    let store = Store::usual();
    let own = Arc::new(Mutex::new(String::new()));
    let told = Arc::clone(&own);
    let server = Server::new(move |asked| {
        if asked.path.starts_with("/token") {
            return gives(asked);
        }
        if asked.header("authorization") == Some(&format!("Bearer {TOKEN}")) {
            return store.answer(asked);
        }
        bearer(&format!("{}/token", own.lock().expect("not poisoned")))
    });
    server.url("").clone_into(&mut told.lock().expect("not poisoned"));
    server
}

fn given() -> Answer {
    Answer::ok(format!(r#"{{"token": "{TOKEN}", "expires_in": 300}}"#))
}

fn refused() -> Answer {
    Answer::status(401, r#"{"errors": []}"#)
}

/// Registries for somebody with a login at a server.
fn with(server: &Server, login: Login) -> Registries {
    registries().with_logins(Known(Some((server.authority(), login))))
}

fn password() -> Login {
    Login::Password("user".to_owned(), "pa:ss".to_owned())
}

#[track_caller]
fn check(registries: &Registries, server: &Server, is: fn(&RegistryError) -> bool, told: &str) {
    let error = registries.image(&reference(server, ":1")).expect_err("refused");
    assert!(is(&error), "{error:?}");
    assert!(error.to_string().contains(told), "{error}");
    assert!(!error.to_string().contains("pa:ss"), "{error}");
}

fn unauthorized(error: &RegistryError) -> bool {
    matches!(error, RegistryError::Unauthorized { .. })
}

#[test]
fn anybody_is_given_a_token() {
    let server = guarded(|asked| match (&*asked.path, asked.header("authorization")) {
        ("/token?service=registry.example&scope=repository%3Aacme%2Fapi%3Apull", None) => given(),
        _ => refused(),
    });
    let (registries, reference) = (registries(), reference(&server, ":1"));
    let base = registries.image(&reference).expect("let in");
    registries.contents(&reference, &base, &platform("linux/amd64")).expect("let in");
    // One token for all of it.
    let count = |server: &Server| server.asked().iter().filter(|asked| asked.path.starts_with("/token")).count();
    assert_eq!(count(&server), 1);
}

#[test]
fn a_login_is_for_the_token() {
    let server = guarded(|asked| match asked.header("authorization") {
        Some("Basic dXNlcjpwYTpzcw==") if asked.path.ends_with("&account=user") => given(),
        _ => refused(),
    });
    assert!(with(&server, password()).image(&reference(&server, ":1")).is_ok());
    check(&registries(), &server, unauthorized, "a login is asked for by");
    let other = Login::Password("user".to_owned(), "other".to_owned());
    check(&with(&server, other), &server, unauthorized, "the login is refused by");
}

#[test]
fn a_refresh_token_is_posted() {
    let server = guarded(|asked| {
        let body = String::from_utf8_lossy(&asked.body).into_owned();
        let expected = "service=registry.example&scope=repository%3Aacme%2Fapi%3Apull&grant_type=refresh_token\
             &client_id=imgspec&refresh_token=r%2Ft";
        if asked.method == "POST" && asked.path == "/token" && body == expected {
            return Answer::ok(format!(r#"{{"access_token": "{TOKEN}"}}"#));
        }
        Answer::status(400, "")
    });
    assert!(with(&server, Login::Refresh("r/t".to_owned())).image(&reference(&server, ":1")).is_ok());
    let other = with(&server, Login::Refresh("other".to_owned()));
    check(&other, &server, unauthorized, "the login is refused by");
}

#[test]
fn tokens_that_let_nobody_in() {
    let server = guarded(|_| Answer::ok(r#"{"token": "of another scope"}"#));
    check(&registries(), &server, |error| matches!(error, RegistryError::Malformed { .. }), "no token");
    let server = guarded(|_| Answer::ok(r#"{"token": "other"}"#));
    check(&registries(), &server, unauthorized, "a login is asked for");
    let server = guarded(|_| Answer::status(404, ""));
    check(&registries(), &server, |error| matches!(error, RegistryError::Http(_)), "/token");
    let server = Server::new(|_| Answer::status(403, ""));
    check(&registries(), &server, unauthorized, "a login is asked for");
    let server = Server::new(|_| Answer::status(401, "").header("www-authenticate", "Negotiate"));
    check(&with(&server, password()), &server, unauthorized, "the login is refused");
}

#[test]
fn a_token_that_ran_out_is_replaced() {
    let count = std::sync::atomic::AtomicUsize::new(0);
    let store = Store::usual();
    let own = Arc::new(Mutex::new(String::new()));
    let told = Arc::clone(&own);
    // Each token is good for one question.
    let server = Server::new(move |asked| {
        let now = count.load(std::sync::atomic::Ordering::SeqCst);
        if asked.path.starts_with("/token") {
            return Answer::ok(format!(r#"{{"token": "t{now}"}}"#));
        }
        if asked.header("authorization") == Some(&format!("Bearer t{now}")) {
            count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            return store.answer(asked);
        }
        bearer(&format!("{}/token", own.lock().expect("not poisoned")))
    });
    server.url("").clone_into(&mut told.lock().expect("not poisoned"));
    let (registries, reference) = (registries(), reference(&server, ":1"));
    let base = registries.image(&reference).expect("let in");
    registries.contents(&reference, &base, &platform("linux/amd64")).expect("let in");
}

#[test]
fn name_and_password() {
    let store = Store::usual();
    let server = Server::new(move |asked| match asked.header("authorization") {
        Some("Basic dXNlcjpwYTpzcw==") => store.answer(asked),
        _ => Answer::status(401, "").header("www-authenticate", "Basic realm=\"x\""),
    });
    assert!(with(&server, password()).image(&reference(&server, ":1")).is_ok());
    check(&registries(), &server, unauthorized, "a login is asked for");
    check(&with(&server, Login::Refresh("x".to_owned())), &server, unauthorized, "the login is refused");
    // A login of another host is not for this one.
    let other = Server::new(|_| Answer::status(401, ""));
    check(&with(&other, password()), &server, unauthorized, "a login is asked for");
}

/// A registry that lets in with a token, and whose blobs are at another server.
fn with_blobs_at(other: &Server) -> Server {
    let (store, blobs) = (Store::usual(), other.url(""));
    let own = Arc::new(Mutex::new(String::new()));
    let told = Arc::clone(&own);
    let server = Server::new(move |asked| {
        let is_let_in = asked.header("authorization").is_some();
        match asked.path.as_str() {
            path if path.starts_with("/token") => given(),
            _ if !is_let_in => bearer(&format!("{}/token", own.lock().expect("not poisoned"))),
            path if path.contains("/blobs/") => Answer::to(307, format!("{blobs}{path}?signature=x")),
            _ => store.answer(asked),
        }
    });
    server.url("").clone_into(&mut told.lock().expect("not poisoned"));
    server
}

#[test]
fn where_blobs_are_no_token_is_told() {
    let store = Store::usual();
    let other = Server::new(move |asked| {
        let mut asked = asked.clone();
        asked.path = asked.path.split('?').next().unwrap_or_default().to_owned();
        store.answer(&asked)
    });
    let server = with_blobs_at(&other);
    let registries = with(&server, password());
    let reference = reference(&server, ":1");
    let base = registries.image(&reference).expect("let in");
    registries.contents(&reference, &base, &platform("linux/amd64")).expect("read");
    let asked = other.asked();
    assert!(asked.len() == 3 && asked.iter().all(|asked| asked.header("authorization").is_none()), "{asked:?}");
    assert!(server.asked().iter().any(|asked| asked.header("authorization").is_some()));
}

#[test]
fn where_blobs_are_nobody_logs_in() {
    let trap = Server::new(|asked| match asked.path.starts_with("/token") {
        true => given(),
        false => bearer("http://127.0.0.1:1/token"),
    });
    let server = with_blobs_at(&trap);
    let registries = with(&server, password());
    let reference = reference(&server, ":1");
    let base = registries.image(&reference).expect("let in");
    let error = registries.contents(&reference, &base, &platform("linux/amd64")).expect_err("refused");
    assert!(matches!(error, RegistryError::WrongHost { .. }), "{error:?}");
    let told = format!("leads to `{}`, which asks for a login", trap.authority());
    assert!(error.to_string().contains(&told), "{error}");
    assert!(trap.asked().iter().all(|asked| asked.header("authorization").is_none()));
    // And where a registry as a whole is elsewhere.
    let trap = Server::new(|_| bearer("http://127.0.0.1:1/token"));
    let url = trap.url("");
    let server = Server::new(move |asked| Answer::to(307, format!("{url}{}", asked.path)));
    check(&with(&server, password()), &server, |error| matches!(error, RegistryError::WrongHost { .. }), "for `127");
}

#[test]
fn where_tokens_are_must_be_safe() {
    let is = |error: &RegistryError| matches!(error, RegistryError::UnsafeRealm { .. });
    // Loopback may be spoken to plainly, and leads to a host that may not.
    let server = Server::new(|_| bearer("http://auth.example/token"));
    check(&with(&server, password()), &server, is, "its tokens are to be had at `http://auth.example/token");
    let server = Server::new(|_| bearer("ftp://auth.example/token"));
    check(&with(&server, password()), &server, |error| matches!(error, RegistryError::Malformed { .. }), "no URL");
    let server = Server::new(|_| bearer("http://user:pw@127.0.0.1/token"));
    check(&with(&server, password()), &server, |error| matches!(error, RegistryError::Malformed { .. }), "no URL");
}
