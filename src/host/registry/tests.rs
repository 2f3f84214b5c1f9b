//! Registries of these tests on loopback, honest ones and others.

mod access;
mod image;
mod layers;
mod store;
