//! Languages whose packages are in the image that runs the project.

use super::{AFTER, AS, BEFORE, CHANGES, COST, Grammar, ID, INTO, Manifests, PROJECT, Sources};
use crate::syntax::{Args, Decode, Merge, Prop, Shape, Ty};

/// `bundler`
pub(in super::super) const BUNDLER: Grammar = Grammar {
    shape: shape!(
        "bundler",
        "Ruby gems: the Gemfile and its lock, and what they name, are mounted, and `bundle install` puts the gems into \
         `vendor/bundle` of the project.",
        [Prop::optional("without", Ty::Text, "Groups that stay out, parted by blanks: `\"development test\"`.")],
        [Sources::SHAPE],
        "bundler \"install\" without=\"development test\""
    ),
    commands: &["install"],
    options: &["without"],
};

/// `composer`
pub(in super::super) const COMPOSER: Grammar = Grammar {
    shape: shape!(
        "composer",
        "PHP packages: `composer.json` and `composer.lock` are mounted, `composer install` puts the packages into the \
         project, without those of development unless `--dev` follows, and the loader of classes is made when the sources \
         are there.",
        [],
        [Sources::SHAPE],
        "composer \"install\" {\n    sources \"public\" \"src\"\n}"
    ),
    commands: &["install"],
    options: &[],
};
