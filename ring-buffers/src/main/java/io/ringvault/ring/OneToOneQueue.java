package io.ringvault.ring;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A bounded queue of references from one producer thread to one consumer thread, for control messages between agents.
 * Wait-free; never allocates after construction. Publication is a release store, so what was written before {@link
 * #offer} is seen after {@link #poll}.
 *
 * @param <T> the messages
 */
public final class OneToOneQueue<T> {
    private static final VarHandle ELEMENT = MethodHandles.arrayElementVarHandle(Object[].class);
    private static final VarHandle HEAD;
    private static final VarHandle TAIL;

    static {
        try {
            final MethodHandles.Lookup lookup = MethodHandles.lookup();
            HEAD = lookup.findVarHandle(OneToOneQueue.class, "head", long.class);
            TAIL = lookup.findVarHandle(OneToOneQueue.class, "tail", long.class);
        } catch (final ReflectiveOperationException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }

    private final Object[] elements;
    private final int mask;
    private final int capacity;
    private long head;
    private long tail;

    /** @param capacity at least 1; exactly this many messages fit */
    public OneToOneQueue(final int capacity) {
        if (capacity < 1 || capacity > 1 << 28) {
            throw new IllegalArgumentException("capacity " + capacity + " is outside 1..2^28");
        }
        this.capacity = capacity;
        final int size = capacity == 1 ? 1 : Integer.highestOneBit(capacity - 1) << 1;
        this.elements = new Object[size];
        this.mask = size - 1;
    }

    /** Producer: appends, or returns false when full. */
    public boolean offer(final T message) {
        if (message == null) {
            throw new NullPointerException("message");
        }
        final long position = tail;
        if (position - (long) HEAD.getAcquire(this) >= capacity) {
            return false;
        }
        ELEMENT.setRelease(elements, (int) position & mask, message);
        TAIL.setRelease(this, position + 1);
        return true;
    }

    /** Consumer: takes the oldest, or returns null when empty. */
    public T poll() {
        final T message = peek();
        if (message != null) {
            ELEMENT.set(elements, (int) head & mask, null);
            HEAD.setRelease(this, head + 1);
        }
        return message;
    }

    /** Consumer: the oldest without taking it, or null when empty. */
    public T peek() {
        @SuppressWarnings("unchecked") // Only offer(T) stores.
        final T message = (T) ELEMENT.getAcquire(elements, (int) head & mask);
        return message;
    }

    /** Any thread: messages waiting, a moment ago. */
    public int size() {
        final long consumed = (long) HEAD.getAcquire(this);
        return (int) Math.max(0, Math.min(capacity, (long) TAIL.getAcquire(this) - consumed));
    }

    /** Any thread: whether nothing was waiting a moment ago. */
    public boolean isEmpty() {
        return size() == 0;
    }

    /** Messages that fit. */
    public int capacity() {
        return capacity;
    }
}
