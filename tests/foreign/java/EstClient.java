import java.io.FileReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Security;
import java.security.cert.CertificateFactory;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import javax.net.ssl.KeyManagerFactory;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.est.CSRRequestResponse;
import org.bouncycastle.est.ESTAuth;
import org.bouncycastle.est.ESTService;
import org.bouncycastle.est.EnrollmentResponse;
import org.bouncycastle.est.jcajce.JcaHttpAuthBuilder;
import org.bouncycastle.est.jcajce.JcaJceUtils;
import org.bouncycastle.est.jcajce.JsseDefaultHostnameAuthorizer;
import org.bouncycastle.est.jcajce.JsseESTServiceBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;
import org.bouncycastle.util.Store;
import org.bouncycastle.util.io.pem.PemObject;

/**
 * BouncyCastle's EST client (org.bouncycastle.est) as a command: EstClient OPERATION --server host:port --anchors pem --out folder
 * [--label l] [--user name:secret] [--cert pem --key pem] [--algorithm P-256|P-384|RSA-3072|RSA-4096|Ed25519] [--name dns].
 * Operations: cacerts, csrattrs, enroll, reenroll, serverkeygen. Writes cacerts.pem, cert.pem and key.pem into the folder.
 */
public final class EstClient {
    private static final Map<String, String> options = new HashMap<>();

    public static void main(String[] arguments) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        for (int i = 1; i + 1 < arguments.length; i += 2) {
            options.put(arguments[i].substring(2), arguments[i + 1]);
        }
        ESTService service = service();
        switch (arguments[0]) {
            case "cacerts" -> writeCertificates("cacerts.pem", service.getCACerts().getCertificateStore());
            case "csrattrs" -> printAttributes(service.getCSRAttributes());
            case "enroll" -> enroll(service, false);
            case "reenroll" -> enroll(service, true);
            case "serverkeygen" -> serverKeyGeneration(service);
            default -> throw new IllegalArgumentException("unknown operation " + arguments[0]);
        }
    }

    private static ESTService service() throws Exception {
        JsseESTServiceBuilder builder = new JsseESTServiceBuilder(option("server"), JcaJceUtils.getCertPathTrustManager(anchors(), null))
            .withHostNameAuthorizer(new JsseDefaultHostnameAuthorizer(new HashSet<>()))
            .withTimeout(20_000);
        if (options.containsKey("label")) {
            builder.withLabel(option("label"));
        }
        if (options.containsKey("cert")) {
            builder.withKeyManagers(identity().getKeyManagers());
        }
        return builder.build();
    }

    private static void enroll(ESTService service, boolean again) throws Exception {
        KeyPair pair = generate();
        EnrollmentResponse response = service.simpleEnroll(again, request(pair), authentication());
        if (!response.isCompleted()) {
            System.out.println("pending, retry not before " + response.getNotBefore());
            return;
        }
        writeCertificates("cert.pem", response.getStore());
        writePem("key.pem", pkcs8(PrivateKeyInfo.getInstance(pair.getPrivate().getEncoded())));
    }

    private static void serverKeyGeneration(ESTService service) throws Exception {
        EnrollmentResponse response = service.simpleEnrollWithServersideCreation(request(generate()), authentication());
        PrivateKeyInfo key = response.getPrivateKeyInfo();
        if (key == null) {
            throw new IOException("the answer to serverkeygen carries no private key");
        }
        writeCertificates("cert.pem", response.getStore());
        writePem("key.pem", pkcs8(key));
    }

    // As PKCS#8 of the first version: RFC 5958's second, with the public key in it, OpenSSL 3.0 does not read, and the writer's own
    // choice for EC loses the curve.
    private static PemObject pkcs8(PrivateKeyInfo key) throws IOException {
        return new PemObject("PRIVATE KEY", new PrivateKeyInfo(key.getPrivateKeyAlgorithm(), key.parsePrivateKey()).getEncoded());
    }

    private static void printAttributes(CSRRequestResponse response) throws Exception {
        if (!response.hasAttributesResponse()) {
            System.out.println("none");
            return;
        }
        for (Object oid : response.getAttributesResponse().getRequirements()) {
            System.out.println(((ASN1ObjectIdentifier) oid).getId());
        }
    }

    private static PKCS10CertificationRequest request(KeyPair pair) throws Exception {
        ExtensionsGenerator extensions = new ExtensionsGenerator();
        extensions.addExtension(Extension.subjectAlternativeName, false,
            new GeneralNames(new GeneralName(GeneralName.dNSName, option("name"))));
        return new JcaPKCS10CertificationRequestBuilder(new X500Name("CN=" + option("name")), pair.getPublic())
            .addAttribute(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest, extensions.generate())
            .build(new JcaContentSignerBuilder(signatureAlgorithm()).setProvider("BC").build(pair.getPrivate()));
    }

    private static KeyPair generate() throws Exception {
        String algorithm = option("algorithm");
        if (algorithm.startsWith("RSA-")) {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA", "BC");
            generator.initialize(Integer.parseInt(algorithm.substring(4)));
            return generator.generateKeyPair();
        }
        if (algorithm.equals("Ed25519")) {
            return KeyPairGenerator.getInstance("Ed25519", "BC").generateKeyPair();
        }
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC", "BC");
        generator.initialize(new ECGenParameterSpec(algorithm));
        return generator.generateKeyPair();
    }

    private static String signatureAlgorithm() {
        return switch (option("algorithm")) {
            case "P-256" -> "SHA256withECDSA";
            case "P-384" -> "SHA384withECDSA";
            case "Ed25519" -> "Ed25519";
            default -> "SHA256withRSA";
        };
    }

    private static ESTAuth authentication() throws Exception {
        if (!options.containsKey("user")) {
            return null;
        }
        String[] user = option("user").split(":", 2);
        return new JcaHttpAuthBuilder(null, user[0], user[1].toCharArray())
            .setNonceGenerator(new java.security.SecureRandom()).setProvider("BC").build();
    }

    private static Set<TrustAnchor> anchors() throws Exception {
        Set<TrustAnchor> anchors = new HashSet<>();
        for (X509Certificate certificate : certificates(option("anchors"))) {
            anchors.add(new TrustAnchor(certificate, null));
        }
        return anchors;
    }

    private static KeyManagerFactory identity() throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setKeyEntry("identity", privateKey(option("key")), new char[0], certificates(option("cert")).toArray(new X509Certificate[0]));
        KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        factory.init(store, new char[0]);
        return factory;
    }

    private static PrivateKey privateKey(String path) throws Exception {
        try (PEMParser parser = new PEMParser(new FileReader(path))) {
            Object parsed = parser.readObject();
            JcaPEMKeyConverter converter = new JcaPEMKeyConverter();
            return parsed instanceof PrivateKeyInfo info ? converter.getPrivateKey(info)
                : converter.getKeyPair((org.bouncycastle.openssl.PEMKeyPair) parsed).getPrivate();
        }
    }

    @SuppressWarnings("unchecked")
    private static Collection<X509Certificate> certificates(String path) throws Exception {
        try (var stream = Files.newInputStream(Path.of(path))) {
            return (Collection<X509Certificate>) CertificateFactory.getInstance("X.509").generateCertificates(stream);
        }
    }

    private static void writeCertificates(String name, Store<X509CertificateHolder> store) throws IOException {
        writePem(name, store.getMatches(null).toArray());
    }

    private static void writePem(String name, Object... objects) throws IOException {
        try (JcaPEMWriter writer = new JcaPEMWriter(Files.newBufferedWriter(Path.of(option("out"), name)))) {
            for (Object each : objects) {
                writer.writeObject(each);
            }
        }
    }

    private static String option(String name) {
        String value = options.get(name);
        if (value == null) {
            throw new IllegalArgumentException("--" + name + " is missing");
        }
        return value;
    }
}
