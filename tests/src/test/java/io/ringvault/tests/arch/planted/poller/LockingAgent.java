package io.ringvault.tests.arch.planted.poller;

import org.agrona.concurrent.Agent;

import java.util.concurrent.locks.ReentrantLock;

/** Planted: an agent that can block. */
final class LockingAgent implements Agent {
    private final ReentrantLock lock = new ReentrantLock();

    @Override
    public synchronized int doWork() {
        lock.lock();
        lock.unlock();
        return 0;
    }

    @Override
    public String roleName() {
        return "locking";
    }
}
