// ActiveMQ, with STOMP over TCP: `java -cp ... ActiveMq.java PORT`.

import org.apache.activemq.broker.BrokerService;

public class ActiveMq {
    public static void main(String[] args) throws Exception {
        BrokerService broker = new BrokerService();
        broker.setPersistent(false);
        broker.setUseJmx(false);
        broker.addConnector("stomp://127.0.0.1:" + args[0]);
        broker.start();
        broker.waitUntilStopped();
    }
}
