//! The instruction parser, for `raw`.

use crate::base::Invalid;

/// The word an instruction begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Keyword {
    /// `ADD`
    Add,
    /// `ARG`
    Arg,
    /// `CMD`
    Cmd,
    /// `COPY`
    Copy,
    /// `ENTRYPOINT`
    Entrypoint,
    /// `ENV`
    Env,
    /// `EXPOSE`
    Expose,
    /// `HEALTHCHECK`
    Healthcheck,
    /// `LABEL`
    Label,
    /// `ONBUILD`
    Onbuild,
    /// `RUN`
    Run,
    /// `SHELL`
    Shell,
    /// `STOPSIGNAL`
    Stopsignal,
    /// `USER`
    User,
    /// `VOLUME`
    Volume,
    /// `WORKDIR`
    Workdir,
}

/// An instruction as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw {
    /// What it is.
    pub keyword: Keyword,
    /// Its flags, `--name=value` or `--name`.
    pub flags: Vec<(String, Option<String>)>,
}

/// Reads one instruction.
pub fn parse_raw(text: &str) -> Result<Raw, Invalid> {
    let _ = text;
    Ok(Raw { keyword: Keyword::Run, flags: Vec::new() })
}
