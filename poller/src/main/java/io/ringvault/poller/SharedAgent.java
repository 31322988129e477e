package io.ringvault.poller;

import java.util.List;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.AgentTerminationException;

/**
 * Several agents taking turns on one thread; what one throws is reported in its name and does not cost the others a
 * turn.
 */
final class SharedAgent implements Agent {
    private final List<Agent> agents;
    private final AgentErrorHandler errors;

    SharedAgent(final List<Agent> agents, final AgentErrorHandler errors) {
        this.agents = agents;
        this.errors = errors;
    }

    static int cycle(final List<Agent> agents, final AgentErrorHandler errors) {
        int work = 0;
        for (int i = 0; i < agents.size(); i++) {
            final Agent agent = agents.get(i);
            try {
                work += agent.doWork();
            } catch (final AgentTerminationException ended) {
                throw ended;
            } catch (final Throwable thrown) {
                errors.onError(agent.roleName(), thrown);
            }
        }
        return work;
    }

    static void closeAll(final List<Agent> agents, final AgentErrorHandler errors) {
        for (final Agent agent : agents) {
            try {
                agent.onClose();
            } catch (final Throwable thrown) {
                errors.onError(agent.roleName(), thrown);
            }
        }
    }

    @Override
    public void onStart() {
        agents.forEach(Agent::onStart);
    }

    @Override
    public int doWork() {
        return cycle(agents, errors);
    }

    @Override
    public void onClose() {
        closeAll(agents, errors);
    }

    @Override
    public String roleName() {
        return String.join("+", agents.stream().map(Agent::roleName).toList());
    }
}
