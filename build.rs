//! Tells the linker where the program's code is to lie: see `layout.ld`.

fn main() {
    let folder = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| ".".into());
    println!("cargo::rerun-if-changed=layout.ld");
    println!("cargo::rustc-link-arg=-Wl,-T,{folder}/layout.ld");
}
