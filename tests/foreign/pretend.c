/* LD_PRELOAD library of a disk that only pretends: every flush succeeds and none happens. Goes in front of tests/durability's shim.
   Build: gcc -shared -fPIC -O2 -o pretend.so pretend.c */
int fsync(int fd) { (void)fd; return 0; }
int fdatasync(int fd) { (void)fd; return 0; }
