package io.ringvault.cli;

import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * SIGTERM, SIGINT and SIGHUP as an orderly request to end: the first releases {@link #await}, the second ends the
 * process at once. One instance per process.
 *
 * <p>The JDK has no public way to take a signal without also beginning its own shutdown (whose exit code and order
 * cannot be chosen). {@code sun.misc.Signal}, in the supported module {@code jdk.unsupported}, can; it is reached by
 * reflection, since naming it draws a compiler warning that cannot be turned off. Needs no flag. Where it is missing,
 * a signal ends the JVM in its usual way.
 */
final class Signals {
    private static final String[] NAMES = {"TERM", "INT", "HUP"};
    private static final int SIGNAL_EXIT_BASE = 128;

    private final CountDownLatch first = new CountDownLatch(1);
    private final AtomicInteger count = new AtomicInteger();

    private Signals() {
    }

    /** Takes the signals over. */
    static Signals install() {
        final Signals signals = new Signals();
        try {
            final Class<?> signalType = Class.forName("sun.misc.Signal");
            final Class<?> handlerType = Class.forName("sun.misc.SignalHandler");
            final Method number = signalType.getMethod("getNumber");
            final Object handler = Proxy.newProxyInstance(Signals.class.getClassLoader(), new Class<?>[] {handlerType},
                (proxy, method, arguments) -> {
                    if (method.getName().equals("handle")) {
                        signals.arrived((Integer) number.invoke(arguments[0]));
                    }
                    return null;
                });
            final Method handle = signalType.getMethod("handle", signalType, handlerType);
            for (final String name : NAMES) {
                handle.invoke(null, signalType.getConstructor(String.class).newInstance(name), handler);
            }
        } catch (final ReflectiveOperationException e) {
            System.err.println("ringvault: warning: signals cannot be taken over (" + e
                + "); end the server by its client");
        }
        return signals;
    }

    private void arrived(final int number) {
        if (count.getAndIncrement() > 0) {
            Runtime.getRuntime().halt(SIGNAL_EXIT_BASE + number);
        }
        first.countDown();
    }

    /** Whether one has arrived. */
    boolean arrived() {
        return count.get() > 0;
    }

    /** The request to end, as if a signal had come; a later signal still ends the process at once. */
    void release() {
        first.countDown();
    }

    /** Waits for the first signal or {@link #release}. */
    void await() throws InterruptedException {
        first.await();
    }
}
