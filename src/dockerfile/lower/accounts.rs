//! Users, by the tools of each family.

use super::super::instruction::{Copied, Copy, Instruction, Joining, Statement};
use super::StageLowering;
use super::runs::{command, statement};
use crate::base::ImagePath;
use crate::graph::{Account, Family, Stage, StepKind};

impl StageLowering<'_, '_> {
    pub(super) fn account(&mut self, account: &Account, home: Option<&ImagePath>, shell: Option<&ImagePath>) {
        if let Some(home) = home {
            self.state.has_directory(home);
        }
        match self.stage.family {
            Family::Debian | Family::RedHat => self.account_by_shadow(account, home, shell),
            Family::Alpine | Family::Busybox => self.account_by_busybox(account, home, shell),
            Family::Empty => self.account_by_hand(),
            Family::Distroless => {
                self.needs_shell("`user` with a number");
            }
        }
    }

    /// shadow's `useradd`, in Debian's `passwd` and Fedora's `shadow-utils`.
    fn account_by_shadow(&mut self, account: &Account, home: Option<&ImagePath>, shell: Option<&ImagePath>) {
        let (uid, gid) = (account.uid.to_string(), account.gid.to_string());
        // Without `--no-log-init` a large number makes `lastlog` a file of many gigabytes.
        let mut useradd = vec!["useradd", "--no-log-init", "--uid", &uid, "--gid", &gid];
        match home {
            Some(home) => useradd.extend(["--home-dir", home.as_str(), "--create-home"]),
            None => useradd.push("--no-create-home"),
        }
        useradd.extend(["--shell", shell.map_or(self.nologin(), ImagePath::as_str), &account.name]);
        let groupadd = statement(&["groupadd", "--gid", &gid, &account.name]);
        // Without it the day of the build is in `/etc/shadow`. Of day 0 shadow makes none at all (shadow 4.13, useradd.c).
        let useradd = Statement(vec![format!("SOURCE_DATE_EPOCH=0 {}", command(&useradd))]);
        self.push_statements(vec![groupadd, useradd], Vec::new(), Joining::Free);
    }

    /// busybox's `adduser`.
    fn account_by_busybox(&mut self, account: &Account, home: Option<&ImagePath>, shell: Option<&ImagePath>) {
        let (uid, gid) = (account.uid.to_string(), account.gid.to_string());
        let mut adduser = vec!["adduser", "-D", "-u", &uid, "-G", &account.name];
        match home {
            Some(home) => adduser.extend(["-h", home.as_str()]),
            None => adduser.push("-H"),
        }
        adduser.extend(["-s", shell.map_or(self.nologin(), ImagePath::as_str), &account.name]);
        let addgroup = statement(&["addgroup", "-g", &gid, &account.name]);
        self.push_statements(vec![addgroup, statement(&adduser)], Vec::new(), Joining::Free);
    }

    /// The login shell of a user that nobody logs in as: what runs in a container needs none.
    fn nologin(&self) -> &'static str {
        if self.stage.family == Family::Debian { "/usr/sbin/nologin" } else { "/sbin/nologin" }
    }

    /// An empty image has no tools: `passwd` and `group` are written whole, with the first user, and hold every one.
    fn account_by_hand(&mut self) {
        if self.is_classic() {
            self.unsupported(
                "create a user in an image without a shell",
                "name the user by number: `user \"10001:10001\"`",
            );
            return;
        }
        if self.state.has_accounts {
            return;
        }
        self.state.has_accounts = true;
        let mut passwd = String::from("root:x:0:0:root:/root:/sbin/nologin\n");
        let mut group = String::from("root:x:0:\n");
        for (account, home, shell) in self.accounts_of_chain() {
            let Account { name, uid, gid } = account;
            let home = home.map_or("/", ImagePath::as_str);
            let shell = shell.map_or(self.nologin(), ImagePath::as_str);
            passwd.push_str(&format!("{name}:x:{uid}:{gid}::{home}:{shell}\n"));
            group.push_str(&format!("{name}:x:{gid}:\n"));
        }
        for (path, text) in [("passwd", passwd), ("group", group)] {
            self.push(Instruction::Copy(Copy {
                from: None,
                what: Copied::Text(text),
                to: ImagePath::root().join("etc").join(path),
                into_directory: false,
                owner: None,
                mode: None,
                exclude: Vec::new(),
            }));
        }
    }

    /// The users of this stage and of those it starts from, with home and shell.
    fn accounts_of_chain(&self) -> Vec<(&Account, Option<&ImagePath>, Option<&ImagePath>)> {
        let mut stages: Vec<&Stage> = self.graph.stages_below(self.stage).collect();
        stages.reverse();
        let steps = stages.into_iter().flat_map(|stage| &stage.steps);
        let accounts = steps.filter_map(|step| match &step.kind {
            StepKind::User { account, home, shell } => Some((account, home.as_ref(), shell.as_ref())),
            _ => None,
        });
        accounts.collect()
    }
}
