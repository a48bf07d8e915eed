// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * from-cxx LISTENER: supervises as one would in C++11 and later. The target is
 * that of inherited.c, which runs this.
 */
#include <cerrno>
#include <cstdlib>
#include <memory>

#include <overlay_seccomp.h>

struct give_up {
	void operator()(overlay_seccomp_pins *pins) const
	{
		overlay_seccomp_pins_free(pins);
	}
};

int main(int argc, char **argv)
{
	overlay_seccomp_pins *made;
	int calls = 0, listener, ret;

	if (argc != 2)
		return 2;
	listener = std::atoi(argv[1]);
	if (overlay_seccomp_pins_new(listener, &made))
		return 1;
	std::unique_ptr<overlay_seccomp_pins, give_up> pins(made);

	/* What has no captures is a function to C. */
	ret = overlay_seccomp_supervise(listener, -1,
		[](const seccomp_notif *request, seccomp_notif_resp *response,
		   void *data) {
			int &n = *static_cast<int *>(data);

			if (overlay_seccomp_tgid(request->pid) < 1 || n == 20)
				return -ECANCELED;
			response->val = ++n;
			return 0;
		}, &calls);
	return ret == -ECANCELED && calls == 20 ? 0 : 1;
}
