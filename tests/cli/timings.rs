//! `imgspec lock --timings`, with logs that BuildKit wrote: `timings/` holds what is needed of them.

use super::workspace::Workspace;

const BAKE: &str = include_str!("timings/bake.json");
const BUILD: &str = include_str!("timings/build.json");
const CACHED: &str = include_str!("timings/cached.json");

/// The workspace that was built, and the logs.
fn built() -> Workspace {
    Workspace::new([
        ("imgspec.kdl", "workspace {\n    members \"*/image.kdl\"\n    bake \"docker-bake.json\"\n}\n"),
        (
            "cart/image.kdl",
            "image \"cart\" {
    stage \"build\" {
        from \"debian:bookworm-slim\"
        env GREETING=\"hello\"
        copy \"src\" to=\"/src\"
        run \"sleep 0.4; cat /src/main.txt > /out.txt\"
        run \"sleep 0.2; echo $GREETING >> /out.txt\"
        run { sh \"\"\"
            set -e
            sleep 0.3
            echo end >> /out.txt
            \"\"\"
        }
    }
    from \"debian:bookworm-slim\"
    copy \"/out.txt\" to=\"/srv/out.txt\" stage=\"build\"
    workdir \"/srv\"
    user \"10001\"
    cmd \"cat\" \"out.txt\"
}\n",
        ),
        ("cart/src/main.txt", ""),
        (
            "web/image.kdl",
            "image \"web\" {
    from \"debian:bookworm-slim\"
    run \"sleep 0.6; mkdir -p /srv/static\"
    copy \"static\" to=\"/srv/static\"
    user \"10001\"
    cmd \"ls\" \"/srv/static\"
}\n",
        ),
        ("web/static/index.html", ""),
        ("bake.json", BAKE),
        ("build.json", BUILD),
        ("cached.json", CACHED),
    ])
}

const OF_BAKE: &str = "lock schema=1
image \"cart\" {
    cost \": copy build:/out.txt to /srv/out.txt\" \"98ms\"
    cost \"build: copy src to /src\" \"29ms\"
    cost \"build: run set -e sleep 0.3 echo end >> /out.txt\" \"520ms\"
    cost \"build: run sleep 0.2; echo $GREETING >> /out.txt\" \"520ms\"
    cost \"build: run sleep 0.4; cat /src/main.txt > /out.txt\" \"520ms\"
}
image \"web\" {
    cost \": copy static to /srv/static\" \"150ms\"
    cost \": run sleep 0.6; mkdir -p /srv/static\" \"1s300ms\"
}
";

#[test]
fn logs_of_both_commands() {
    let workspace = built();
    let told = "bake.json: 5 instructions executed\ncart: 5 steps measured\nweb: 2 steps measured\nimgspec.lock: 2 images changed\n";
    workspace.run("lock --timings bake.json").ends(0).says(told);
    assert_eq!(workspace.read("imgspec.lock"), OF_BAKE);
    workspace.run("explain cart").prints_part("costs 0.03 s (measured)").prints_part("costs 1.6 s (measured)");
    // A log of one image, whose times are nearly the same.
    let kept = "build.json: 3 instructions executed\ncart: 5 steps measured\nimgspec.lock: unchanged\n";
    workspace.run("lock --timings build.json").ends(0).says(kept);
    workspace.run("lock --timings build.json --update").ends(0);
    let lock = workspace.read("imgspec.lock");
    assert!(lock.contains("\"build: copy src to /src\" \"110ms\"") && lock.contains("\"1s300ms\""), "{lock}");
    workspace.run("lock --update --timings build.json --timings bake.json").ends(0);
    assert_eq!(workspace.read("imgspec.lock"), OF_BAKE);
    // What was there already took no time.
    workspace.run("lock --timings cached.json").ends(0).says_part("cached.json: 0 instructions executed\n");
    assert_eq!(workspace.read("imgspec.lock"), OF_BAKE);
}

#[test]
fn keys_stay_when_other_steps_change() {
    let workspace = built();
    workspace.run("lock --timings bake.json").ends(0);
    let spec = workspace.read("cart/image.kdl");
    let changed =
        spec.replace("env GREETING=\"hello\"", "dir \"/made\"; file \"/f\" \"x\"").replace("sleep 0.2", "sleep 0.3");
    workspace.write("cart/image.kdl", &changed);
    workspace.run("lock --unlocked").ends(0).says("imgspec.lock: 1 image changed\n");
    let gone = "    cost \"build: run sleep 0.2; echo $GREETING >> /out.txt\" \"520ms\"\n";
    assert_eq!(workspace.read("imgspec.lock"), OF_BAKE.replace(gone, ""));
}

#[test]
fn what_a_log_is_not_about() {
    let workspace = built();
    let unknown = "build.json: 3 instructions executed, 3 of them of no image here\nimgspec.lock: unchanged\n";
    workspace.run("lock --timings build.json web").ends(0).says(unknown);
    workspace.run("lock --timings none.json").ends(2).says_part("`none.json` says no times: No such file");
    workspace
        .run("lock --timings imgspec.kdl")
        .ends(2)
        .says_part("error[unreadable-file]: `imgspec.kdl` says no times");
    // Of two images that are built alike.
    let twin = workspace.read("cart/image.kdl").replace("\"cart\"", "\"twin\"");
    workspace.write("twin/image.kdl", &twin);
    workspace.write("twin/src/main.txt", "");
    workspace.run("lock --timings build.json").ends(2).says_part("`build.json` may be of 2 images: cart, twin");
    workspace.run("lock --timings build.json twin").ends(0).says_part("twin: 5 steps measured\n");
    workspace.run("lock --timings bake.json").ends(0).says_part("cart: 5 steps measured\n");
}

/// What a stage does again is measured by itself, wherever it stands and with whatever it is merged.
#[test]
fn the_same_command_twice() {
    let spec = "image \"app\" {
    from \"debian:bookworm-slim\"
    run \"make\"
    copy \"src\" to=\"/src\"
    run \"make\" { reads \"/src\"; }
    run \"make\" \"make test\" { reads \"/src\"; }
    user \"10001\"
    cmd \"true\"
}\n";
    let started = "\"started\":\"2026-11-25T09:00:0";
    let executed = |number: usize, text: &str, seconds: usize| {
        format!(
            "{{\"vertexes\":[{{\"digest\":\"sha256:{number}\",\"name\":\"[{number}/4] {text}\",{started}0Z\",\
             \"completed\":\"2026-11-25T09:00:0{seconds}Z\"}}]}}\n"
        )
    };
    let log = [
        executed(2, "RUN make", 1),
        executed(3, "COPY src /src", 1),
        executed(4, "RUN make     && make     && make test", 9),
    ];
    let workspace = Workspace::new([
        ("imgspec.kdl", "workspace {\n    members \"*/image.kdl\"\n}\n"),
        ("app/image.kdl", spec),
        ("app/src/main.txt", ""),
        ("log.json", &log.concat()),
    ]);
    workspace.run("lock --timings log.json").ends(0);
    let lock = workspace.read("imgspec.lock");
    let costs: Vec<&str> = lock.lines().filter_map(|line| line.trim().strip_prefix("cost ")).collect();
    assert_eq!(
        costs,
        [
            "\": copy src to /src\" \"1s\"",
            "\": run make #2\" \"3s\"",
            "\": run make #3\" \"3s\"",
            "\": run make test\" \"3s\"",
            "\": run make\" \"1s\""
        ],
        "{lock}"
    );
    workspace.run("lock --unlocked").ends(0).says("imgspec.lock: unchanged\n");
    workspace.run("explain app").prints_part("costs 1 s (measured)").prints_part("costs 9 s (measured)");
}
