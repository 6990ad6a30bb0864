//! `simulate maelstrom` with real nodes in Python, which need nothing but its standard library.

mod bugs;
mod codes;
mod correct;
mod diagram;
mod ends;
mod faults;
mod support;
mod usage;
mod verdict;
