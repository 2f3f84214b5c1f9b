//! What must be true of the image of a case, whoever built it. Expectations are written out here, from reading the
//! spec; none of them comes from the compiler.

use crate::build::Image;
use serde_json::{Value, json};

/// Nothing of the build's is left: package lists, packages, caches, compiled Python of the build's own making.
fn holds_no_leftovers(image: &Image) {
    let script = "find /var/lib/apt/lists /var/cache/apt /root/.cache /tmp -type f 2>/dev/null || true; \
                  find /venv -name __pycache__ 2>/dev/null || true";
    let leftovers = image.as_root_and_not_in_base(script);
    assert!(leftovers.is_empty(), "{} holds what only its build needed: {leftovers:#?}", image.tag);
}

/// Asserts that the config has all of `expected`; of `Env` and `Labels` what is named there.
fn has_config(image: &Image, expected: &Value) {
    let config = image.config();
    for (key, expected) in expected.as_object().expect("an object") {
        match (key.as_str(), expected) {
            ("Env", Value::Object(variables)) => {
                let found = config["Env"].as_array().expect("variables");
                for (name, value) in variables {
                    let line = json!(format!("{name}={}", value.as_str().expect("text")));
                    assert!(found.contains(&line), "{}: {line} is not in {found:?}", image.tag);
                }
            }
            ("Labels", Value::Object(labels)) => {
                for (name, value) in labels {
                    assert_eq!(&config["Labels"][name], value, "{}: label {name}", image.tag);
                }
            }
            _ => assert_eq!(&config[key], expected, "{}: {key}", image.tag),
        }
    }
}

/// Seconds as the engine counts them.
fn seconds(seconds: f64) -> u64 {
    (seconds * 1e9) as u64
}

pub fn blog(image: &Image) {
    has_config(
        image,
        &json!({
            "Entrypoint": ["nginx", "-g", "daemon off;"],
            "Cmd": null,
            "User": "10001:10001",
            "ExposedPorts": {"80/tcp": {}, "8080/tcp": {}},
            "StopSignal": "SIGQUIT",
            "Labels": {
                "org.opencontainers.image.title": "Field notes",
                "org.opencontainers.image.description": "A blog about wading birds",
            },
            "Healthcheck": {
                "Test": ["CMD", "curl", "-fsS", "-o", "/dev/null", "http://127.0.0.1:8080/"],
                "Interval": seconds(30.0), "Timeout": seconds(3.0), "StartPeriod": seconds(5.0), "Retries": 3,
            },
        }),
    );
    holds_no_leftovers(image);
    let container = image.start(&[]);
    let index = container.eventually(&["curl", "-fsS", "http://127.0.0.1:8080/"]);
    assert!(index.contains("<h1>A blog about wading birds</h1>"), "{index}");
    let (shoebill, hamerkop) = (index.find("shoebill.html"), index.find("hamerkop.html"));
    assert!(shoebill.is_some() && shoebill < hamerkop, "newest first\n{index}");
    let article = container.exec(&["curl", "-fsS", "http://127.0.0.1:8080/hamerkop"]);
    assert!(article.contains("<title>The hamerkop · Field notes</title>"), "{article}");
    assert!(article.contains("It builds the <em>largest roofed nest</em> of any bird"), "{article}");
    assert!(article.contains("<td>50 kg</td>"), "{article}");
    let article = container.exec(&["curl", "-fsS", "http://127.0.0.1:8080/shoebill.html"]);
    assert!(article.contains("<h1>The shoebill &amp; its beak</h1>"), "{article}");
    assert!(article.contains("<code>24 cm</code>"), "{article}");
    container.exec(&["curl", "-fsS", "http://127.0.0.1:8080/static/style.css"]);
    assert_eq!(container.exec(&["id", "-u"]), "10001");
    container.becomes_healthy();
    assert_eq!(container.stop(), "0");
}

pub fn web_python(image: &Image) {
    has_config(
        image,
        &json!({
            "Entrypoint": ["tini", "--", "python3", "-m", "shop"],
            "Cmd": ["--threads", "4"],
            "User": "10001:10002",
            "WorkingDir": "/app",
            "ExposedPorts": {"8000/tcp": {}},
            "Env": {"PYTHONPATH": "/app/src", "PYTHONUNBUFFERED": "1", "PORT": "8000"},
            "Labels": {
                "org.opencontainers.image.title": "shop",
                "org.opencontainers.image.source": "https://example.com/shop",
            },
            "Healthcheck": {
                "Test": ["CMD", "python3", "-m", "shop.health"],
                "Interval": seconds(15.0), "Timeout": seconds(3.0), "StartPeriod": seconds(10.0),
                "StartInterval": seconds(1.0), "Retries": 5,
            },
        }),
    );
    holds_no_leftovers(image);
    let path = image.program("/bin/sh", &["-c", "printf '%s' \"$PATH\""]);
    assert!(path.starts_with("/venv/bin:/"), "{path}");
    assert_eq!(image.as_root("stat -c '%a %u:%g' /etc/shop.ini"), "640 10001:10002\n");
    assert_eq!(image.as_root("cat /etc/shop.ini"), "[shop]\nname = Corner shop\ncurrency = €\n");
    assert_eq!(image.as_root("getent passwd app"), "app:x:10001:10002::/home/app:/usr/sbin/nologin\n");
    assert_eq!(image.as_root("stat -c %u:%g /home/app; ls /app/src/shop"), {
        "10001:10002\n__init__.py\n__main__.py\nhealth.py\ntemplates\n"
    });
    let container = image.start(&[]);
    let script = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8000/').read().decode())";
    let page = container.eventually(&["python3", "-c", script]);
    assert!(page.contains("<title>Corner shop</title><p>Prices in €</p>"), "{page}");
    container.becomes_healthy();
    container.stop();
}

pub fn static_site(image: &Image) {
    has_config(image, &json!({"User": "101:101", "StopSignal": "SIGQUIT", "Healthcheck": {"Test": ["NONE"]}}));
    assert_eq!(image.as_root("find /srv/site -type f | sort"), "/srv/site/css/site.css\n/srv/site/index.html\n");
    assert_eq!(image.program("nginx", &["-t"]), "");
}

pub fn history(image: &Image) {
    assert_eq!(String::from_utf8_lossy(&image.output(&[])), "/site/fonts/serif.txt\n");
    assert_eq!(image.as_root("cat /site/pages/*"), "# Waders\n");
}

pub fn go_api(image: &Image) {
    has_config(
        image,
        &json!({
            "Entrypoint": ["/usr/local/bin/api"],
            "User": "10001:10001",
            "Env": {"LISTEN": ":8080"},
            "ExposedPorts": {"8080/tcp": {}},
            "Healthcheck": {
                "Test": ["CMD", "/usr/local/bin/api", "-check"], "Interval": seconds(10.0), "Timeout": seconds(2.0),
            },
        }),
    );
    assert_eq!(image.as_root("stat -c '%a %u:%g' /usr/local/bin/api; ls /src 2>/dev/null || true"), "755 0:0\n");
    let container = image.start(&[]);
    container.becomes_healthy();
    let request = "exec 3<>/dev/tcp/127.0.0.1/8080; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3";
    let answer = container.exec(&["bash", "-c", request]);
    assert!(answer.contains("It is "), "{answer}");
}

pub fn go_workspace(image: &Image) {
    has_config(image, &json!({"Entrypoint": ["/usr/local/bin/api"], "User": "10001:10001"}));
    assert_eq!(String::from_utf8_lossy(&image.output(&["Ann"])), "Good day, Ann!\n");
}

pub fn node_api(image: &Image) {
    has_config(
        image,
        &json!({
            "Entrypoint": ["node", "src/server.js"], "User": "1000:1000", "WorkingDir": "/app",
            "Env": {"NODE_ENV": "production", "PORT": "3000"}, "ExposedPorts": {"3000/tcp": {}},
        }),
    );
    assert_eq!(image.as_root("ls /app /app/src"), {
        "/app:\npackage.json\nsrc\n\n/app/src:\ngreeting.js\nhealth.js\nserver.js\n"
    });
    let container = image.start(&[]);
    container.becomes_healthy();
    let script = "require('http').get('http://127.0.0.1:3000/?name=Ann', r => r.pipe(process.stdout))";
    assert_eq!(container.exec(&["node", "-e", script]), "Good day, Ann!");
    assert_eq!(container.stop(), "0");
}

pub fn nginx_proxy(image: &Image) {
    has_config(
        image,
        &json!({
            "User": "10101:10101", "StopSignal": "SIGQUIT", "Volumes": {"/var/cache/proxy": {}},
            "ExposedPorts": {"80/tcp": {}, "8080/tcp": {}, "8443/tcp": {}},
        }),
    );
    assert_eq!(image.as_root("stat -c '%a %u:%g %n' /etc/nginx/nginx.conf /var/cache/proxy /etc/nginx/sites/*"), {
        "444 0:0 /etc/nginx/nginx.conf\n700 10101:10101 /var/cache/proxy\n\
         440 10101:10101 /etc/nginx/sites/10-status.conf\n440 10101:10101 /etc/nginx/sites/20-api.conf\n"
    });
    let container = image.start(&[]);
    container.becomes_healthy();
    assert_eq!(container.exec(&["curl", "-s", "http://127.0.0.1:8080/-/status"]), "up");
    assert!(container.exec(&["curl", "-s", "http://127.0.0.1:8080/x"]).contains("No such page on this proxy"));
    let code = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-H", "Host: api.example.com", "127.0.0.1:8080"];
    assert_eq!(container.exec(&code), "502", "the upstream is not there");
}

pub fn postgres(image: &Image) {
    has_config(
        image,
        &json!({
            "Entrypoint": ["/usr/local/bin/start-postgres"],
            "Cmd": ["-c", "shared_buffers=16MB"],
            "User": "10070:10070",
            "Env": {"LANG": "C.UTF-8", "PGDATA": "/var/lib/pgdata/main", "PGHOST": "/run/pg"},
            "Volumes": {"/var/lib/pgdata": {}},
            "ExposedPorts": {"5432/tcp": {}},
            "StopSignal": "SIGINT",
            "Healthcheck": {
                "Test": ["CMD", "pg_isready", "-q", "-U", "pg"], "Interval": seconds(10.0), "Timeout": seconds(5.0),
                "StartPeriod": seconds(30.0), "StartInterval": seconds(1.0), "Retries": 5,
            },
        }),
    );
    holds_no_leftovers(image);
    assert_eq!(image.as_root("getent passwd pg"), "pg:x:10070:10070::/home/pg:/bin/bash\n");
    let container = image.start(&[]);
    container.becomes_healthy();
    container.exec(&["psql", "-d", "postgres", "-c", "create table bird(name text); insert into bird values ('ibis')"]);
    assert_eq!(container.exec(&["psql", "-d", "postgres", "-At", "-c", "select name from bird"]), "ibis");
    assert_eq!(container.exec(&["psql", "-d", "postgres", "-At", "-c", "show shared_buffers"]), "16MB");
    assert_eq!(container.exec(&["psql", "-d", "postgres", "-At", "-c", "show max_connections"]), "20");
    assert_eq!(container.stop(), "0");
    assert!(container.logs().contains("fast shutdown"), "SIGINT asks for one\n{}", container.logs());
}

pub fn cron_job(image: &Image) {
    has_config(image, &json!({"Entrypoint": ["cron", "-f", "-L", "15"], "Volumes": {"/var/lib/report": {}}}));
    holds_no_leftovers(image);
    let container = image.start(&[]);
    container.becomes_healthy();
    let job = "su -s /bin/sh www-data -c '/usr/local/bin/report /var/lib/report/day.db'";
    container.exec(&["sh", "-c", job]);
    assert_eq!(container.exec(&["sqlite3", "/var/lib/report/day.db", "select count(*) from run"]), "1");
}

pub fn distroless(image: &Image) {
    has_config(
        image,
        &json!({
            "Entrypoint": ["/hello"], "Cmd": ["serve"], "User": "65534:65534", "WorkingDir": "/",
            "Env": {"ADDRESS": "127.0.0.1:8080"}, "ExposedPorts": {"8080/tcp": {}},
            "Healthcheck": {
                "Test": ["CMD", "/hello", "check"], "Interval": seconds(5.0), "Timeout": seconds(1.0),
                "StartPeriod": seconds(2.0),
            },
        }),
    );
    let container = image.start(&[]);
    container.becomes_healthy();
    assert_eq!(container.exec(&["/hello", "check"]), "hello from nobody");
}

pub fn files_and_links(image: &Image) {
    let stat = "cd /srv; stat -c '%A %u:%g %n' app/tree app/tree/a/one.txt app/tree/b/two.txt app/flat/* app/odd/* \
                data data/spool empty app/motd app/no-newline app/nothing app/relative.txt; \
                stat -c '%A %u %n' app/cfg/*; readlink app/tree/link /usr/local/bin/python current";
    assert_eq!(image.as_root(stat), {
        "drwxr-xr-x 10001:10011 app/tree\n\
         -rw-r--r-- 10001:10011 app/tree/a/one.txt\n\
         -rwxr-xr-x 10001:10011 app/tree/b/two.txt\n\
         -r-------- 10001:10011 app/flat/one.txt\n\
         -r-------- 10001:10011 app/flat/two.txt\n\
         -rw-r--r-- 0:0 app/odd/with space.txt\n\
         drwxrws--- 10001:10011 data\n\
         drwxrwxrwt 10001:33 data/spool\n\
         drwxr-xr-x 0:0 empty\n\
         -r--r--r-- 10001:10011 app/motd\n\
         -rw-r--r-- 0:0 app/no-newline\n\
         -rw-r--r-- 0:0 app/nothing\n\
         -rw-r--r-- 0:0 app/relative.txt\n\
         -rw-r----- 33 app/cfg/x#1.cfg\n\
         -rw-r----- 33 app/cfg/y$z.cfg\n\
         a/one.txt\npython3\n/srv/app/tree\n"
    });
    let contents = "cd /srv/app; cat motd; cat no-newline; echo; cat nothing relative.txt cfg/*";
    assert_eq!(image.as_root(contents), { "Welcome.\nno newline at the end\nlies in the working directory\nc\nd\n" });
}

pub fn multi_command(image: &Image) {
    let read = "cd /out; head -n 9 plain/words.txt alternative counted with-a found here two-lines; \
                stat -c %a private; sort others";
    assert_eq!(image.as_root(read), {
        "==> plain/words.txt <==\navocet\ncurlew\navocet\nibis\n\n\
         ==> alternative <==\nabsent\nafter\n\n\
         ==> counted <==\navocet 2\ncurlew 1\nibis 1\n\n\
         ==> with-a <==\navocet\navocet\n\n\
         ==> found <==\nsome\n\n\
         ==> here <==\nliteral $HOME and `date`\n\n\
         ==> two-lines <==\ntwo\nlines\n\
         600\ncurlew\nibis\n"
    });
}

pub fn shell_forms(image: &Image) {
    assert_eq!(image.output(&[]), b"hello, world\nfour\none\ntwo three\n");
}

pub fn variables(image: &Image) {
    has_config(
        image,
        &json!({"Env": {
            "DEBCONF_NONINTERACTIVE_SEEN": "true", "BUILD_MODE": "release", "LANG": "C.UTF-8",
            "STARTED_BY": "container",
        }}),
    );
    let environment = String::from_utf8(image.output(&[])).expect("UTF-8");
    assert!(environment.contains("\nPATH=/opt/tool/bin:/opt/other/bin:/") || environment.starts_with("PATH=/opt/tool"));
    assert_eq!(image.as_root("cat /etc/tool-output; test -d /usr/share/zoneinfo"), "tool in release mode\n");
}

pub fn stages(image: &Image) {
    has_config(image, &json!({"User": "10001:10001", "Env": {"LANG": "C.UTF-8"}}));
    let text = String::from_utf8(image.output(&[])).expect("UTF-8");
    assert!(text.starts_with("IBIS\n13."), "{text}");
}

pub fn context_directory(image: &Image) {
    assert_eq!(image.output(&[]), b"heron\n");
    assert_eq!(image.as_root("ls /data"), "birds.txt\n");
}

pub fn target_buildah(image: &Image) {
    assert_eq!(image.output(&[]), b"2\nmode = quiet\n");
    assert_eq!(image.as_root("stat -c '%a %u:%g' /etc/app.conf; ls /srv/data"), "640 10001:10001\nlist.txt\n");
    has_config(image, &json!({"ExposedPorts": {"8080/tcp": {}}, "User": "10001:10001"}));
}

/// A program of npm or of Go, whose package was built or fetched for it.
pub fn says_what_it_is_built_of(image: &Image) {
    let said = String::from_utf8_lossy(&image.output(&["Ann"])).into_owned();
    assert!(["An hour is 3600000 ms.\n", "Good day, Ann!\n"].contains(&said.as_str()), "{said}");
    let caches = "find /root/.npm /root/.cache /root/go /var/cache/npm /tmp -type f 2>/dev/null || true";
    assert_eq!(image.as_root_and_not_in_base(caches), Vec::<String>::new());
}

pub fn dns_server(image: &Image) {
    has_config(image, &json!({"ExposedPorts": {"53/tcp": {}, "53/udp": {}}, "User": "10053:10053"}));
    let container = image.start(&["--cap-add", "NET_BIND_SERVICE"]);
    container.becomes_healthy();
    let answer = container.exec(&["dig", "+short", "@127.0.0.1", "router.example"]);
    assert_eq!(answer, "192.0.2.1");
}
