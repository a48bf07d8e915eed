// SPDX-License-Identifier: LGPL-2.1-or-later

// nested-mknod: a host supervises a container (outer), which supervises a
// program (inner), which tries to make three nodes. Each supervisor decides on
// the registers of the call, mode and dev, and never on the path: that is in
// memory, and the program could change it between the answer and the call.
//
//	go build && sudo ./nested-mknod
package main

/*
#cgo pkg-config: overlay-seccomp
#include <overlay_seccomp.h>

// The function below that is exported; it is an overlay_seccomp_handler.
int decide(struct seccomp_notif *, struct seccomp_notif_resp *, void *);
*/
import "C"

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/ioutil"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"
)

const (
	skipped         = 77
	prSetNoNewPrivs = 38
	archX86_64      = 0xc000003e
	x32             = 0x40000000 // has the same calls once more
)

type node struct {
	name string
	dev  int
	err  syscall.Errno // that mknod shall give
}

var nodes = []node{
	{"null", 1<<8 | 3, 0},
	{"mem", 1<<8 | 1, syscall.EPERM},   // by the outer supervisor
	{"zero", 1<<8 | 5, syscall.EACCES}, // by the inner one
}

// A supervisor, and sets of nodes: bit N is nodes[N].
type supervisor struct {
	name                   string
	allows, shallSee, seen uint
	refusal                syscall.Errno
}

var (
	outer = supervisor{name: "outer", allows: 1, shallSee: 3, refusal: syscall.EPERM}
	inner = supervisor{name: "inner", allows: 3, shallSee: 7, refusal: syscall.EACCES}
	self  *supervisor // one a process
)

// nodeOf says which of the nodes a call is about, as the kernel will read it.
func nodeOf(call *C.struct_seccomp_data) int {
	at := 1
	if call.nr == syscall.SYS_MKNODAT { // one argument more in front
		at = 2
	}
	for i, n := range nodes {
		if call.args[at]&syscall.S_IFMT == syscall.S_IFCHR && uint32(call.args[at+1]) == uint32(n.dev) {
			return i
		}
	}
	return -1
}

// C calls this on the thread that is in overlay_seccomp_supervise().
//
//export decide
func decide(request *C.struct_seccomp_notif, response *C.struct_seccomp_notif_resp, _ unsafe.Pointer) C.int {
	answer := "no"
	response.error = -C.__s32(self.refusal)
	if i := nodeOf(&request.data); i >= 0 {
		self.seen |= 1 << uint(i)
		if self.allows&(1<<uint(i)) != 0 {
			response.error = 0
			response.flags = C.SECCOMP_USER_NOTIF_FLAG_CONTINUE
			answer = "go on"
		}
	}
	fmt.Printf("  %s supervisor, asked by process %d: %s\n", self.name,
		C.overlay_seccomp_tgid(C.pid_t(request.pid)), answer)
	return 0
}

// filter asks a supervisor about mknod and mknodat.
func filter() []syscall.SockFilter {
	load := func(offset uintptr) syscall.SockFilter {
		return syscall.SockFilter{Code: syscall.BPF_LD | syscall.BPF_W | syscall.BPF_ABS, K: uint32(offset)}
	}
	jump := func(test uint16, k uint32, yes, no uint8) syscall.SockFilter {
		return syscall.SockFilter{Code: syscall.BPF_JMP | test | syscall.BPF_K, Jt: yes, Jf: no, K: k}
	}
	verdict := func(k uint32) syscall.SockFilter {
		return syscall.SockFilter{Code: syscall.BPF_RET | syscall.BPF_K, K: k}
	}
	var call C.struct_seccomp_data
	return []syscall.SockFilter{
		load(unsafe.Offsetof(call.arch)),
		jump(syscall.BPF_JEQ, archX86_64, 0, 2),
		load(unsafe.Offsetof(call.nr)),
		jump(syscall.BPF_JGE, x32, 0, 1),
		verdict(C.SECCOMP_RET_KILL_PROCESS),
		jump(syscall.BPF_JEQ, syscall.SYS_MKNOD, 1, 0),
		jump(syscall.BPF_JEQ, syscall.SYS_MKNODAT, 0, 1),
		verdict(C.SECCOMP_RET_USER_NOTIF),
		verdict(C.SECCOMP_RET_ALLOW),
	}
}

// install puts the calling thread under a new listener. C must not be given Go
// memory with Go pointers in it, as a struct sock_fprog would be: hence the pipe.
func install(flags C.uint) (int, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return -1, err
	}
	defer r.Close()
	err = binary.Write(w, binary.LittleEndian, filter())
	w.Close()
	if err != nil {
		return -1, err
	}
	fd := C.overlay_seccomp_install_fd(flags|C.SECCOMP_FILTER_FLAG_NEW_LISTENER, C.int(r.Fd()))
	if fd < 0 {
		return -1, os.NewSyscallError("overlay_seccomp_install_fd", syscall.Errno(-fd))
	}
	return int(fd), nil
}

// enter puts this process under a listener, sends that to the parent, at the
// other end of descriptor 3, and goes on as this program in another role.
//
// A filter is a thread's, and a Go program has threads that it knows nothing of.
// Execve takes the filters of the thread that calls it and ends all others: so
// one thread does both, and the new program begins with its only thread under
// the filter. (SECCOMP_FILTER_FLAG_TSYNC would do for a program that stays.)
func enter(flags C.uint, role string) error {
	runtime.LockOSThread()
	_, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, prSetNoNewPrivs, 1, 0, 0, 0, 0)
	if errno != 0 {
		return os.NewSyscallError("prctl", errno)
	}
	fd, err := install(flags)
	if err != nil {
		return err
	}
	if err := syscall.Sendmsg(3, []byte{0}, syscall.UnixRights(fd), nil, 0); err != nil {
		return os.NewSyscallError("sendmsg", err)
	}
	// The listener is closed by execve, too: who keeps it can answer to itself.
	syscall.CloseOnExec(3)
	return syscall.Exec("/proc/self/exe", []string{os.Args[0], role}, os.Environ())
}

func receive(sock *os.File) (int, error) {
	oob := make([]byte, syscall.CmsgSpace(4))
	_, n, _, _, err := syscall.Recvmsg(int(sock.Fd()), make([]byte, 1), oob, syscall.MSG_CMSG_CLOEXEC)
	if err != nil {
		return -1, os.NewSyscallError("recvmsg", err)
	}
	messages, err := syscall.ParseSocketControlMessage(oob[:n])
	if err != nil || len(messages) != 1 {
		return -1, errors.New("no listener came")
	}
	fds, err := syscall.ParseUnixRights(&messages[0])
	if err != nil {
		return -1, err
	}
	return fds[0], nil
}

// sandbox runs this program in a role, in a process under who, and is who until
// that has ended.
func sandbox(who *supervisor, flags uint64, role string) error {
	socks, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socketpair", err)
	}
	ours, theirs := os.NewFile(uintptr(socks[0]), "ours"), os.NewFile(uintptr(socks[1]), "theirs")
	defer ours.Close()
	// Not by a bare fork: the runtime's other threads, and locks, would be lost.
	child := exec.Command("/proc/self/exe", "enter", strconv.FormatUint(flags, 10), role)
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	child.ExtraFiles = []*os.File{theirs}
	err = child.Start()
	theirs.Close()
	if err != nil {
		return err
	}
	listener, err := receive(ours)
	// Older kernels hang up only when the child has been waited for.
	ended := make(chan error, 1)
	go func() { ended <- child.Wait() }()
	if err != nil {
		<-ended
		return err
	}
	self = who
	ret := C.overlay_seccomp_supervise(C.int(listener), -1,
		(*C.overlay_seccomp_handler)(C.decide), nil)
	// If it failed, calls that wait fail now, and the child goes on.
	syscall.Close(listener)
	if err := <-ended; err != nil {
		return fmt.Errorf("%s: %v", role, err)
	}
	if ret < 0 {
		return os.NewSyscallError("overlay_seccomp_supervise", syscall.Errno(-ret))
	}
	if self.seen != self.shallSee {
		return fmt.Errorf("%s supervisor: asked about %#b, not %#b", self.name, self.seen, self.shallSee)
	}
	return nil
}

func program() error {
	for _, n := range nodes {
		err := syscall.Mknod(n.name, syscall.S_IFCHR|0600, n.dev)
		fmt.Printf("mknod %s: %v\n", n.name, err)
		if n.err == 0 && err != nil || n.err != 0 && err != n.err {
			return fmt.Errorf("mknod %s: %v, not %v", n.name, err, n.err)
		}
		if _, err := os.Lstat(n.name); (err == nil) != (n.err == 0) {
			return fmt.Errorf("%s: %v", n.name, err)
		}
	}
	return nil
}

func skip(why string) {
	fmt.Fprintln(os.Stderr, "nested-mknod:", why)
	os.Exit(skipped)
}

func host() error {
	if os.Geteuid() != 0 {
		skip("needs root, to make nodes")
	}
	if C.overlay_seccomp_has(C.SECCOMP_OVERLAY_NESTED) != 1 {
		skip("no nested listeners: the kernel module overlay_seccomp is not loaded")
	}
	dir, err := ioutil.TempDir("", "nested-mknod")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.Chdir(dir); err != nil {
		return err
	}
	return sandbox(&outer, C.SECCOMP_FILTER_FLAG_ALLOW_NESTED_LISTENERS, "container")
}

func run(args []string) error {
	switch {
	case len(args) == 0:
		return host()
	case args[0] == "enter" && len(args) == 3:
		flags, err := strconv.ParseUint(args[1], 10, 32)
		if err != nil {
			return err
		}
		return enter(C.uint(flags), args[2])
	case args[0] == "container":
		return sandbox(&inner, 0, "program")
	case args[0] == "program":
		return program()
	}
	return errors.New("usage: nested-mknod")
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "nested-mknod:", err)
		os.Exit(1)
	}
	if len(os.Args) == 1 {
		fmt.Println("all as expected")
	}
}
