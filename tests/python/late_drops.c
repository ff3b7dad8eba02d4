/* A thread that Python does not know: it drops arrays that left by DLPack while the interpreter ends, and afterwards. */

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* The head of `DLManagedTensor` (spec/structs.csv). */
typedef struct Managed {
  char tensor[48];
  void *context;
  void (*deleter)(struct Managed *);
} Managed;

/* The head of the operations table, up to what is asked here; it is only ever appended to. */
typedef struct {
  size_t size;
  uint32_t abi, free_threaded;
  void *version[2];
  void *others[26];
  void (*release_counts)(uint64_t *, uint64_t *);
} Operations;

extern int Py_IsInitialized(void);
extern void *PyGILState_GetThisThreadState(void);

static Managed **tensors;
static long made, late;
static const Operations *operations;
static pthread_t thread;
static uint64_t released_before, leaked_before;
static atomic_long dropped, attached, gone;
static atomic_bool ended;

static void drop(long index) {
  tensors[index]->deleter(tensors[index]);
  atomic_fetch_add(&attached, PyGILState_GetThisThreadState() != NULL);
  atomic_fetch_add(&dropped, 1);
}

static void *run(void *unused) {
  (void)unused;
  /* One after the other; the last `late` when there is no interpreter. */
  for (long index = 0; index < made; index++) {
    while (index >= made - late && !atomic_load(&ended)) sched_yield();
    drop(index);
  }
  return NULL;
}

static void at_exit(void) {
  uint64_t released, leaked;
  int running = Py_IsInitialized();
  atomic_store(&ended, 1);
  pthread_join(thread, NULL);
  operations->release_counts(&released, &leaked);
  printf("%d %ld %ld %ld %llu %llu\n", running, atomic_load(&dropped), atomic_load(&attached), atomic_load(&gone),
         (unsigned long long)(released - released_before), (unsigned long long)(leaked - leaked_before));
  fflush(stdout);
}

/* An owner went. */
void owner_gone(void) { atomic_fetch_add(&gone, 1); }

long dropped_so_far(void) { return atomic_load(&dropped); }

/* Takes the tensors over. `last` of them wait for the end. */
int start(const Operations *table, Managed **all, long count, long last) {
  operations = table;
  made = count, late = last;
  tensors = malloc((size_t)count * sizeof *tensors);
  for (long index = 0; index < count; index++) tensors[index] = all[index];
  operations->release_counts(&released_before, &leaked_before);
  return atexit(at_exit) || pthread_create(&thread, NULL, run, NULL);
}
