/*
 * A PKCS#11 module that passes every call on to a real one and, when told to, fails, delays or hangs named calls first.
 * It also watches what no caller may do: two threads inside one session at once.
 *
 *   FAULTY_PKCS11_MODULE   the real module (read at C_Initialize)
 *
 * The function list of PKCS#11 v2.40 (§3.1 CK_FUNCTION_LIST) is a version and 68 pointers; every argument fits a machine word on the
 * 64-bit systems that this is built for, so no header is needed.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef unsigned long W;
typedef W (*Fn)();
struct function_list { unsigned char version[8]; Fn f[68]; };

enum { INITIALIZE = 0, FINALIZE = 1, GET_SLOT_LIST = 4, GET_TOKEN_INFO = 6, OPEN_SESSION = 12, CLOSE_SESSION = 13, GET_SESSION_INFO = 15,
       LOGIN = 18, GET_ATTRIBUTE_VALUE = 24, FIND_OBJECTS_INIT = 26, FIND_OBJECTS = 27, FIND_OBJECTS_FINAL = 28, ENCRYPT_INIT = 29, ENCRYPT = 30,
       DECRYPT_INIT = 33, DECRYPT = 34, SIGN_INIT = 42, SIGN = 43, GENERATE_KEY = 58, GENERATE_KEY_PAIR = 59 };

static const struct { const char *name; int index; } names[] = {
  { "C_Initialize", INITIALIZE }, { "C_Finalize", FINALIZE }, { "C_GetSlotList", GET_SLOT_LIST }, { "C_GetTokenInfo", GET_TOKEN_INFO },
  { "C_OpenSession", OPEN_SESSION }, { "C_CloseSession", CLOSE_SESSION }, { "C_GetSessionInfo", GET_SESSION_INFO }, { "C_Login", LOGIN },
  { "C_GetAttributeValue", GET_ATTRIBUTE_VALUE }, { "C_FindObjectsInit", FIND_OBJECTS_INIT }, { "C_FindObjects", FIND_OBJECTS },
  { "C_FindObjectsFinal", FIND_OBJECTS_FINAL }, { "C_EncryptInit", ENCRYPT_INIT }, { "C_Encrypt", ENCRYPT }, { "C_DecryptInit", DECRYPT_INIT },
  { "C_Decrypt", DECRYPT }, { "C_SignInit", SIGN_INIT }, { "C_Sign", SIGN }, { "C_GenerateKey", GENERATE_KEY }, { "C_GenerateKeyPair", GENERATE_KEY_PAIR },
};

static struct function_list list;
static struct function_list *real;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t released = PTHREAD_COND_INITIALIZER;
static struct { W code; int times; int hang; long count; } faults[68];
static struct { W session; pthread_t thread; } inside[256];
static int violations;

static int index_of(const char *name) {
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) if (!strcmp(names[i].name, name)) return names[i].index;
  return -1;
}

/* Told by the tests. times < 0: until told otherwise. */
int faulty_fail(const char *name, W code, int times) {
  int i = index_of(name);
  if (i < 0) return -1;
  pthread_mutex_lock(&gate);
  faults[i].code = code; faults[i].times = times; faults[i].hang = 0;
  pthread_mutex_unlock(&gate);
  return 0;
}

int faulty_hang(const char *name, int times) {
  int i = index_of(name);
  if (i < 0) return -1;
  pthread_mutex_lock(&gate);
  faults[i].times = times; faults[i].hang = 1;
  pthread_mutex_unlock(&gate);
  return 0;
}

/* Ends every fault and lets hung calls go on. */
void faulty_reset(void) {
  pthread_mutex_lock(&gate);
  for (int i = 0; i < 68; i++) { faults[i].times = 0; faults[i].hang = 0; }
  pthread_cond_broadcast(&released);
  pthread_mutex_unlock(&gate);
}

long faulty_count(const char *name) {
  int i = index_of(name);
  pthread_mutex_lock(&gate);
  long n = i < 0 ? -1 : faults[i].count;
  pthread_mutex_unlock(&gate);
  return n;
}

int faulty_violations(void) { return violations; }

static W fault(int i) {
  W code = 0;
  pthread_mutex_lock(&gate);
  faults[i].count++;
  if (faults[i].times != 0) {
    if (faults[i].times > 0) faults[i].times--;
    if (faults[i].hang) {
      while (faults[i].hang) pthread_cond_wait(&released, &gate);
    } else code = faults[i].code;
  }
  pthread_mutex_unlock(&gate);
  return code;
}

static int enter(W session) {
  int slot = -1;
  pthread_mutex_lock(&gate);
  for (int i = 0; i < 256; i++) {
    if (inside[i].session == session && session != 0) violations++;
    else if (inside[i].session == 0 && slot < 0) slot = i;
  }
  if (slot >= 0) inside[slot].session = session;
  pthread_mutex_unlock(&gate);
  return slot;
}

static void leave(int slot) {
  pthread_mutex_lock(&gate);
  if (slot >= 0) inside[slot].session = 0;
  pthread_mutex_unlock(&gate);
}

/* A call whose first argument is a session. */
#define IN_SESSION(fn, index, params, args) \
  static W fn params { int slot = enter(s); W code = fault(index); if (!code) code = real->f[index] args; leave(slot); return code; }
#define PLAIN(fn, index, params, args) \
  static W fn params { W code = fault(index); return code ? code : real->f[index] args; }

PLAIN(slot_list, GET_SLOT_LIST, (W a, W b, W c), (a, b, c))
PLAIN(token_info, GET_TOKEN_INFO, (W a, W b), (a, b))
PLAIN(finalize, FINALIZE, (W a), (a))
PLAIN(open_session, OPEN_SESSION, (W a, W b, W c, W d, W e), (a, b, c, d, e))
IN_SESSION(close_session, CLOSE_SESSION, (W s), (s))
IN_SESSION(session_info, GET_SESSION_INFO, (W s, W b), (s, b))
IN_SESSION(login, LOGIN, (W s, W b, W c, W d), (s, b, c, d))
IN_SESSION(get_attribute, GET_ATTRIBUTE_VALUE, (W s, W b, W c, W d), (s, b, c, d))
IN_SESSION(find_init, FIND_OBJECTS_INIT, (W s, W b, W c), (s, b, c))
IN_SESSION(find, FIND_OBJECTS, (W s, W b, W c, W d), (s, b, c, d))
IN_SESSION(find_final, FIND_OBJECTS_FINAL, (W s), (s))
IN_SESSION(encrypt_init, ENCRYPT_INIT, (W s, W b, W c), (s, b, c))
IN_SESSION(encrypt, ENCRYPT, (W s, W b, W c, W d, W e), (s, b, c, d, e))
IN_SESSION(decrypt_init, DECRYPT_INIT, (W s, W b, W c), (s, b, c))
IN_SESSION(decrypt, DECRYPT, (W s, W b, W c, W d, W e), (s, b, c, d, e))
IN_SESSION(sign_init, SIGN_INIT, (W s, W b, W c), (s, b, c))
IN_SESSION(sign, SIGN, (W s, W b, W c, W d, W e), (s, b, c, d, e))
IN_SESSION(generate_key, GENERATE_KEY, (W s, W b, W c, W d, W e), (s, b, c, d, e))
IN_SESSION(generate_pair, GENERATE_KEY_PAIR, (W s, W b, W c, W d, W e, W f, W g, W h), (s, b, c, d, e, f, g, h))

static W initialize(W a) {
  W code = fault(INITIALIZE);
  return code ? code : real->f[INITIALIZE](a);
}

W C_GetFunctionList(struct function_list **out) {
  if (!real) {
    const char *path = getenv("FAULTY_PKCS11_MODULE");
    void *module = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : 0;
    W (*get)(struct function_list **) = module ? (W (*)(struct function_list **))dlsym(module, "C_GetFunctionList") : 0;
    if (!get || get(&real)) return 5; /* CKR_GENERAL_ERROR */
    list = *real;
    const struct { int index; Fn fn; } mine[] = {
      { INITIALIZE, (Fn)initialize }, { FINALIZE, (Fn)finalize }, { GET_SLOT_LIST, (Fn)slot_list }, { GET_TOKEN_INFO, (Fn)token_info },
      { OPEN_SESSION, (Fn)open_session }, { CLOSE_SESSION, (Fn)close_session }, { GET_SESSION_INFO, (Fn)session_info }, { LOGIN, (Fn)login },
      { GET_ATTRIBUTE_VALUE, (Fn)get_attribute }, { FIND_OBJECTS_INIT, (Fn)find_init }, { FIND_OBJECTS, (Fn)find }, { FIND_OBJECTS_FINAL, (Fn)find_final },
      { ENCRYPT_INIT, (Fn)encrypt_init }, { ENCRYPT, (Fn)encrypt }, { DECRYPT_INIT, (Fn)decrypt_init }, { DECRYPT, (Fn)decrypt },
      { SIGN_INIT, (Fn)sign_init }, { SIGN, (Fn)sign }, { GENERATE_KEY, (Fn)generate_key }, { GENERATE_KEY_PAIR, (Fn)generate_pair },
    };
    for (size_t i = 0; i < sizeof mine / sizeof *mine; i++) list.f[mine[i].index] = mine[i].fn;
  }
  *out = &list;
  return 0;
}
