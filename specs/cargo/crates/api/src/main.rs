//! The service: it greets whom it is told to.

fn main() {
    for name in std::env::args().skip(1) {
        println!("{}", greet::hello(&name));
    }
}
