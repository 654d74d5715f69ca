/* Masking of WebSocket frames (RFC 6455 section 5.3): octet i is combined with octet i mod 4 of the
 * key by exclusive or.
 *
 * Only the limited API of Python 3.10 is used. The buffer protocol came into it with 3.11; until then
 * the two functions below are what the stable ABI has for looking into any object. They are part of it
 * for good, but newer headers no longer declare them. A buffer they give is valid while nothing else
 * runs, and nothing does: the lock of the interpreter is held from here to the end of the loops.
 */
#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030A0000
#include <Python.h>
#include <stdint.h>
#include <string.h>

PyAPI_FUNC(int) PyObject_AsReadBuffer(PyObject *, const void **, Py_ssize_t *);
PyAPI_FUNC(int) PyObject_AsWriteBuffer(PyObject *, void **, Py_ssize_t *);

#define KEY_SIZE 4

/* Words of eight bytes, which compilers turn into the widest registers that the target has. memcpy
 * makes no call here: it is how C says that a word may be unaligned. */

static void
mask_into(unsigned char *restrict out, const unsigned char *restrict in, size_t size, uint64_t word,
          const unsigned char *key)
{
    size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        uint64_t piece;
        memcpy(&piece, in + i, 8);
        piece ^= word;
        memcpy(out + i, &piece, 8);
    }
    for (; i < size; i++)
        out[i] = in[i] ^ key[i & 3];
}

static void
mask_inplace(unsigned char *data, size_t size, uint64_t word, const unsigned char *key)
{
    size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        uint64_t piece;
        memcpy(&piece, data + i, 8);
        piece ^= word;
        memcpy(data + i, &piece, 8);
    }
    for (; i < size; i++)
        data[i] ^= key[i & 3];
}

/* Take two arguments apart; a negative value means that an exception is set. */
static int
read_arguments(PyObject *arguments, const char *format, unsigned char *key, uint64_t *word, PyObject **data)
{
    PyObject *mask;
    const void *bytes;
    Py_ssize_t size;
    if (!PyArg_ParseTuple(arguments, format, &mask, data))
        return -1;
    if (PyObject_AsReadBuffer(mask, &bytes, &size) < 0)
        return -1;
    if (size != KEY_SIZE) {
        PyErr_Format(PyExc_ValueError, "mask has %zd bytes, expected %d", size, KEY_SIZE);
        return -1;
    }
    memcpy(key, bytes, KEY_SIZE);
    memcpy(word, key, KEY_SIZE);
    memcpy((unsigned char *)word + KEY_SIZE, key, KEY_SIZE);
    return 0;
}

PyDoc_STRVAR(websocket_mask_doc,
"websocket_mask($module, mask, data, /)\n--\n\n"
"Return ``data`` masked, or unmasked, with a key of four bytes.\n\n"
"Both may be any contiguous object of bytes. Raises ValueError for a key of another length.");

static PyObject *
websocket_mask(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    unsigned char key[KEY_SIZE];
    uint64_t word;
    PyObject *data, *result;
    const void *bytes;
    Py_ssize_t size;
    if (read_arguments(arguments, "OO:websocket_mask", key, &word, &data) < 0)
        return NULL;
    if (PyObject_AsReadBuffer(data, &bytes, &size) < 0)
        return NULL;
    result = PyBytes_FromStringAndSize(NULL, size);
    if (result == NULL)
        return NULL;
    /* Allocating may have run other code, which may have resized the object. */
    Py_ssize_t size_now;
    if (PyObject_AsReadBuffer(data, &bytes, &size_now) < 0 || size_now != size) {
        Py_DECREF(result);
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_BufferError, "data changed its size while it was masked");
        return NULL;
    }
    mask_into((unsigned char *)PyBytes_AsString(result), bytes, (size_t)size, word, key);
    return result;
}

PyDoc_STRVAR(websocket_mask_inplace_doc,
"websocket_mask_inplace($module, mask, data, /)\n--\n\n"
"Mask, or unmask, a bytearray or another writable object of bytes where it is.\n\n"
"Raises ValueError for a key that has not four bytes, TypeError for an object that is read-only.");

static PyObject *
websocket_mask_inplace(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    unsigned char key[KEY_SIZE];
    uint64_t word;
    PyObject *data;
    void *bytes;
    Py_ssize_t size;
    if (read_arguments(arguments, "OO:websocket_mask_inplace", key, &word, &data) < 0)
        return NULL;
    if (PyObject_AsWriteBuffer(data, &bytes, &size) < 0)
        return NULL;
    mask_inplace(bytes, (size_t)size, word, key);
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"websocket_mask", websocket_mask, METH_VARARGS, websocket_mask_doc},
    {"websocket_mask_inplace", websocket_mask_inplace, METH_VARARGS, websocket_mask_inplace_doc},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
    {0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "tornado.speedups",
    .m_doc = "Masks of WebSocket frames, in C.",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit_speedups(void)
{
    return PyModuleDef_Init(&module);
}
