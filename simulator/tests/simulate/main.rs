//! The program `simulate` as people and scripts use it.

mod bound;
mod experiment;
mod json;
mod pages;
mod picture;
mod replaying;
mod shards;
mod signals;
mod story;
mod support;
mod transcript;
mod writing;
