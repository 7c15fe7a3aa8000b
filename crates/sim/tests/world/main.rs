//! The world by itself: what each fault looks like, who starts what again, what people do.

mod faults;
mod machine;
mod people;
mod watcher;
