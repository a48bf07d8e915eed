// SPDX-License-Identifier: LGPL-2.1-or-later

//! nested-mknod: a host supervises a container (outer), which supervises a
//! program (inner), which tries to make three nodes. Each supervisor decides on
//! the registers of the call, mode and dev, and never on the path: that is in
//! memory, and the program could change it between the answer and the call.
//!
//!     rustc nested-mknod.rs && sudo ./nested-mknod

use std::ffi::CString;
use std::io::{self, Read, Write};
use std::os::raw::{c_char, c_int, c_long, c_uint, c_void};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{exit, Command};
use std::{env, fs, thread};

/// What is used of <overlay_seccomp.h>, <linux/seccomp.h> and libc.
mod sys {
    use super::*;

    pub const OVERLAY_NESTED: u64 = 1 << 2;
    pub const FLAG_NEW_LISTENER: c_uint = 1 << 3;
    pub const FLAG_ALLOW_NESTED_LISTENERS: c_uint = 1 << 6;
    pub const NOTIF_FLAG_CONTINUE: u32 = 1;

    #[repr(C)]
    pub struct Call {
        pub nr: c_int,
        pub arch: u32,
        pub instruction_pointer: u64,
        pub args: [u64; 6],
    }

    #[repr(C)]
    pub struct Request {
        pub id: u64,
        pub pid: u32,
        pub flags: u32,
        pub call: Call,
    }

    #[repr(C)]
    pub struct Response {
        pub id: u64,
        pub val: i64,
        pub error: i32,
        pub flags: u32,
    }

    #[repr(C)]
    pub struct Instruction {
        pub code: u16,
        pub yes: u8,
        pub no: u8,
        pub k: u32,
    }

    #[repr(C)]
    pub struct Program {
        pub len: u16,
        pub filter: *const Instruction,
    }

    pub type Handler = extern "C" fn(*const Request, *mut Response, *mut c_void) -> c_int;

    #[link(name = "overlay-seccomp")]
    extern "C" {
        pub fn overlay_seccomp_has(features: u64) -> c_int;
        pub fn overlay_seccomp_install(flags: c_uint, prog: *const Program) -> c_int;
        pub fn overlay_seccomp_supervise(
            listener: c_int,
            stop_fd: c_int,
            handler: Handler,
            data: *mut c_void,
        ) -> c_int;
        pub fn overlay_seccomp_tgid(tid: c_int) -> c_int;
    }

    pub const EPERM: i32 = 1;
    pub const EACCES: i32 = 13;
    pub const S_IFMT: u32 = 0o170000;
    pub const S_IFCHR: u32 = 0o020000;
    pub const SYS_MKNOD: c_int = 133;
    pub const SYS_MKNODAT: c_int = 259;
    pub const SYS_PRCTL: c_long = 157;
    pub const SYS_PIDFD_OPEN: c_long = 434;
    pub const SYS_PIDFD_GETFD: c_long = 438;
    pub const PR_SET_NO_NEW_PRIVS: c_long = 38;

    extern "C" {
        pub fn close(fd: c_int) -> c_int;
        pub fn geteuid() -> c_uint;
        pub fn mknod(path: *const c_char, mode: u32, dev: u64) -> c_int;
        pub fn syscall(nr: c_long, ...) -> c_long;
    }
}

const SKIPPED: i32 = 77;

/// A name, its device, and the error that mknod shall give, or 0.
const NODES: [(&str, u32, i32); 3] = [
    ("null", 1 << 8 | 3, 0),
    ("mem", 1 << 8 | 1, sys::EPERM),   // by the outer supervisor
    ("zero", 1 << 8 | 5, sys::EACCES), // by the inner one
];

/// Sets of nodes: bit N is NODES[N].
struct Supervisor {
    name: &'static str,
    allows: u32,
    shall_see: u32,
    seen: u32,
    refusal: i32,
}

/// As the library has it: 0 or more is a success, all else -errno.
fn check(ret: c_int) -> io::Result<c_int> {
    if ret < 0 {
        return Err(io::Error::from_raw_os_error(-ret));
    }
    Ok(ret)
}

/// A call of which std has none. All of them return an int, or -1 and errno.
fn syscall(nr: c_long, args: [c_long; 5]) -> io::Result<c_int> {
    match unsafe { sys::syscall(nr, args[0], args[1], args[2], args[3], args[4]) } {
        -1 => Err(io::Error::last_os_error()),
        ret => Ok(ret as c_int),
    }
}

fn other<T>(message: String) -> io::Result<T> {
    Err(io::Error::new(io::ErrorKind::Other, message))
}

/// Which of the nodes a call is about, as the kernel will read it.
fn node_of(call: &sys::Call) -> Option<usize> {
    let at = if call.nr == sys::SYS_MKNODAT { 2 } else { 1 }; // one argument more in front
    let (mode, dev) = (call.args[at] as u32, call.args[at + 1] as u32);
    if mode & sys::S_IFMT != sys::S_IFCHR {
        return None;
    }
    NODES.iter().position(|node| node.1 == dev)
}

/// Called by C, which no panic may reach.
extern "C" fn decide(
    request: *const sys::Request,
    response: *mut sys::Response,
    data: *mut c_void,
) -> c_int {
    // All three are valid, and nobody else's, until this returns.
    let (request, response) = unsafe { (&*request, &mut *response) };
    let this = unsafe { &mut *(data as *mut Supervisor) };
    let mut answer = "no";
    response.error = -this.refusal;
    if let Some(i) = node_of(&request.call) {
        this.seen |= 1 << i;
        if this.allows & 1 << i != 0 {
            response.error = 0;
            response.flags = sys::NOTIF_FLAG_CONTINUE;
            answer = "go on";
        }
    }
    let pid = unsafe { sys::overlay_seccomp_tgid(request.pid as c_int) };
    // Not println, which panics where nobody reads.
    let _ = writeln!(
        io::stdout(),
        "  {} supervisor, asked by process {}: {}",
        this.name,
        pid,
        answer
    );
    0
}

/// Puts the calling thread under a new listener that is asked about mknod.
fn install(flags: c_uint) -> io::Result<c_int> {
    let op = |code, k, yes, no| sys::Instruction { code, yes, no, k };
    let filter = [
        op(0x20, 4, 0, 0),                       // load arch
        op(0x15, 0xc000_003e, 0, 2),             // x86-64? if not, kill
        op(0x20, 0, 0, 0),                       // load nr
        op(0x35, 0x4000_0000, 0, 1),             // x32 has the same calls once more:
        op(0x06, 0x8000_0000, 0, 0),             // kill
        op(0x15, sys::SYS_MKNOD as u32, 1, 0),   // mknod, or
        op(0x15, sys::SYS_MKNODAT as u32, 0, 1), // mknodat?
        op(0x06, 0x7fc0_0000, 0, 0),             // ask the supervisor
        op(0x06, 0x7fff_0000, 0, 0),             // allow
    ];
    let program = sys::Program {
        len: filter.len() as u16,
        filter: filter.as_ptr(),
    };
    syscall(sys::SYS_PRCTL, [sys::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0])?;
    check(unsafe { sys::overlay_seccomp_install(flags | sys::FLAG_NEW_LISTENER, &program) })
}

/// In the child, after fork and before exec: nothing here takes memory or locks.
/// The listener is to be taken by the parent, at the other end of the socket, and
/// is closed by exec: who keeps it can answer to itself.
fn enter(mut sock: &UnixStream, flags: c_uint) -> io::Result<()> {
    let listener = install(flags)?;
    let mut pid_and_fd = [0; 8];
    pid_and_fd[..4].copy_from_slice(&std::process::id().to_ne_bytes());
    pid_and_fd[4..].copy_from_slice(&listener.to_ne_bytes());
    sock.write_all(&pid_and_fd)?;
    sock.read_exact(&mut [0])
}

/// Takes the listener from the child, which waits.
fn take(mut sock: &UnixStream) -> io::Result<c_int> {
    let mut bytes = [[0; 4]; 2];
    sock.read_exact(&mut bytes[0])?;
    sock.read_exact(&mut bytes[1])?;
    let (pid, fd) = (i32::from_ne_bytes(bytes[0]), i32::from_ne_bytes(bytes[1]));
    let listener = syscall(sys::SYS_PIDFD_OPEN, [pid.into(), 0, 0, 0, 0]).and_then(|pidfd| {
        let listener = syscall(sys::SYS_PIDFD_GETFD, [pidfd.into(), fd.into(), 0, 0, 0]);
        unsafe { sys::close(pidfd) };
        listener
    });
    // In any case, since the child has both ends until exec and waits.
    sock.write_all(&[0])?;
    listener
}

/// Runs this program in a role, in a process under `who`, and is `who` until that
/// has ended.
fn sandbox(mut who: Supervisor, flags: c_uint, role: &'static str) -> io::Result<()> {
    let (ours, theirs) = UnixStream::pair()?;
    let mut child = Command::new("/proc/self/exe");
    child.arg(role);
    // The filter is the one thread's that fork leaves, and exec keeps it.
    unsafe { child.pre_exec(move || enter(&theirs, flags)) };
    // Another thread waits for the child: it would not be started before the
    // listener is taken, and older kernels hang up only when it has been waited for.
    let ended = thread::spawn(move || child.status());
    let supervised = take(&ours).and_then(|listener| {
        let data = &mut who as *mut Supervisor as *mut c_void;
        let ret = unsafe { sys::overlay_seccomp_supervise(listener, -1, decide, data) };
        // If it failed, calls that wait fail now, and the child goes on.
        unsafe { sys::close(listener) };
        check(ret)
    });
    let status = ended.join().expect("the thread that waits")?;
    supervised?;
    if !status.success() {
        return other(format!("{}: {}", role, status));
    }
    if who.seen != who.shall_see {
        return other(format!(
            "{} supervisor: asked about {:#b}, not {:#b}",
            who.name, who.seen, who.shall_see
        ));
    }
    Ok(())
}

fn program() -> io::Result<()> {
    for &(name, dev, error) in &NODES {
        let path = CString::new(name)?;
        let ret = unsafe { sys::mknod(path.as_ptr(), sys::S_IFCHR | 0o600, dev.into()) };
        let found = if ret == 0 {
            None
        } else {
            Some(io::Error::last_os_error())
        };
        println!(
            "mknod {}: {}",
            name,
            found.as_ref().map_or("done".to_string(), |e| e.to_string())
        );
        let is_there = fs::symlink_metadata(name).map_or(false, |m| m.file_type().is_char_device());
        if found.and_then(|e| e.raw_os_error()).unwrap_or(0) != error || is_there != (error == 0) {
            return other(format!("mknod {}: not as expected", name));
        }
    }
    Ok(())
}

fn skip(why: &str) -> ! {
    eprintln!("nested-mknod: {}", why);
    exit(SKIPPED);
}

fn host() -> io::Result<()> {
    if unsafe { sys::geteuid() } != 0 {
        skip("needs root, to make nodes");
    }
    if unsafe { sys::overlay_seccomp_has(sys::OVERLAY_NESTED) } != 1 {
        skip("no nested listeners: the kernel module overlay_seccomp is not loaded");
    }
    let dir = env::temp_dir().join(format!("nested-mknod.{}", std::process::id()));
    fs::create_dir(&dir)?;
    env::set_current_dir(&dir)?;
    let outer = Supervisor {
        name: "outer",
        allows: 1,
        shall_see: 3,
        seen: 0,
        refusal: sys::EPERM,
    };
    let result = sandbox(outer, sys::FLAG_ALLOW_NESTED_LISTENERS, "container");
    fs::remove_dir_all(&dir)?;
    result
}

fn container() -> io::Result<()> {
    let inner = Supervisor {
        name: "inner",
        allows: 3,
        shall_see: 7,
        seen: 0,
        refusal: sys::EACCES,
    };
    sandbox(inner, 0, "program")
}

fn main() {
    let role = env::args().nth(1);
    let result = match role.as_deref() {
        None => host(),
        Some("container") => container(),
        Some("program") => program(),
        Some(_) => other("usage: nested-mknod".to_string()),
    };
    if let Err(error) = result {
        eprintln!("nested-mknod: {}", error);
        exit(1);
    }
    if role.is_none() {
        println!("all as expected");
    }
}
