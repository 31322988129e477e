package io.ringvault.nbd;

/** Everything one connection can have in flight: requests, operations and their buffers, all of fixed number. */
final class NbdSlots implements AutoCloseable {
    private final NbdRequest[] freeRequests;
    private final NbdOperation[] freeOperations;
    private final NbdOperation[] operations;
    private final BufferPool pool;
    private int requestCount;
    private int operationCount;

    NbdSlots(final int depth, final int poolBytes) {
        pool = new BufferPool(poolBytes);
        freeRequests = new NbdRequest[depth];
        freeOperations = new NbdOperation[depth];
        operations = new NbdOperation[depth];
        for (int i = 0; i < depth; i++) {
            freeRequests[i] = new NbdRequest(i);
            operations[i] = new NbdOperation(i);
            freeOperations[i] = operations[i];
        }
        requestCount = depth;
        operationCount = depth;
    }

    BufferPool pool() {
        return pool;
    }

    int depth() {
        return operations.length;
    }

    boolean hasRequest() {
        return requestCount > 0;
    }

    NbdRequest takeRequest() {
        return freeRequests[--requestCount];
    }

    void release(final NbdRequest request) {
        freeRequests[requestCount++] = request;
    }

    NbdOperation operation(final int index) {
        return operations[index];
    }

    /** Takes an operation with a buffer of {@code bufferBytes} (0: none); null when either is short. */
    NbdOperation takeOperation(final NbdRequest request, final int type, final long offset, final int bufferBytes) {
        if (operationCount == 0) {
            return null;
        }
        int buffer = BufferPool.NONE;
        if (bufferBytes > 0) {
            buffer = pool.allocate(bufferBytes);
            if (buffer == BufferPool.NONE) {
                return null;
            }
        }
        final NbdOperation operation = freeOperations[--operationCount];
        operation.request = request;
        operation.type = type;
        operation.offset = offset;
        operation.length = bufferBytes;
        operation.fua = false;
        operation.buffer = buffer;
        return operation;
    }

    void release(final NbdOperation operation) {
        if (operation.buffer != BufferPool.NONE) {
            pool.free(operation.buffer, operation.length);
            operation.buffer = BufferPool.NONE;
        }
        operation.request = null;
        freeOperations[operationCount++] = operation;
    }

    /** Whether nothing at all is in use. */
    boolean allFree() {
        return requestCount == freeRequests.length && operationCount == freeOperations.length;
    }

    @Override
    public void close() {
        pool.close();
    }
}
