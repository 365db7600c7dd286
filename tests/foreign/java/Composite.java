import java.io.ByteArrayInputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.Security;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.Date;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/**
 * Composite ML-DSA by BouncyCastle's Java library (1.86 and later), the one stock implementation that has all eighteen.
 *   java Composite.java make MESSAGE           prints one JSON line for each algorithm: its key pair, a signature over MESSAGE, a self-signed certificate
 *   java Composite.java verify FILE ISSUER...  exits 0 when certificate FILE (DER) is signed by ISSUER's key (DER), and so on up the line
 *   java Composite.java check MESSAGE FOLDER   exits 0 when for every NAME.spki in FOLDER the signature NAME.sig over MESSAGE is right
 */
public final class Composite {
    private static final String[] NAMES = {
        "MLDSA44-RSA2048-PSS-SHA256", "MLDSA44-RSA2048-PKCS15-SHA256", "MLDSA44-Ed25519-SHA512", "MLDSA44-ECDSA-P256-SHA256",
        "MLDSA65-RSA3072-PSS-SHA512", "MLDSA65-RSA3072-PKCS15-SHA512", "MLDSA65-RSA4096-PSS-SHA512", "MLDSA65-RSA4096-PKCS15-SHA512",
        "MLDSA65-ECDSA-P256-SHA512", "MLDSA65-ECDSA-P384-SHA512", "MLDSA65-ECDSA-brainpoolP256r1-SHA512", "MLDSA65-Ed25519-SHA512",
        "MLDSA87-ECDSA-P384-SHA512", "MLDSA87-ECDSA-brainpoolP384r1-SHA512", "MLDSA87-Ed448-SHAKE256", "MLDSA87-RSA3072-PSS-SHA512",
        "MLDSA87-RSA4096-PSS-SHA512", "MLDSA87-ECDSA-P521-SHA512",
    };

    private Composite() {
    }

    public static void main(String[] args) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        switch (args[0]) {
            case "make" -> make(args[1].getBytes(StandardCharsets.UTF_8));
            case "verify" -> verify(args);
            case "check" -> check(args[1].getBytes(StandardCharsets.UTF_8), Path.of(args[2]));
            default -> throw new IllegalArgumentException(args[0]);
        }
    }

    private static void make(byte[] message) throws Exception {
        Base64.Encoder base64 = Base64.getEncoder();
        for (String name : NAMES) {
            KeyPair pair = KeyPairGenerator.getInstance(name, "BC").generateKeyPair();
            Signature signer = Signature.getInstance(name, "BC");
            signer.initSign(pair.getPrivate());
            signer.update(message);
            byte[] signature = signer.sign();
            X500Name subject = new X500Name("CN=" + name);
            byte[] certificate = new JcaX509v3CertificateBuilder(
                    subject, BigInteger.valueOf(1), new Date(1767225600000L), new Date(2082758400000L), subject, pair.getPublic())
                .build(new JcaContentSignerBuilder(name).setProvider("BC").build(pair.getPrivate())).getEncoded();
            System.out.println("{\"name\":\"" + name + "\",\"spki\":\"" + base64.encodeToString(pair.getPublic().getEncoded())
                + "\",\"pkcs8\":\"" + base64.encodeToString(pair.getPrivate().getEncoded())
                + "\",\"signature\":\"" + base64.encodeToString(signature)
                + "\",\"certificate\":\"" + base64.encodeToString(certificate) + "\"}");
        }
    }

    private static void verify(String[] args) throws Exception {
        CertificateFactory factory = CertificateFactory.getInstance("X.509", "BC");
        for (int i = 1; i + 1 < args.length; i++) {
            X509Certificate certificate = read(factory, args[i]);
            certificate.verify(read(factory, args[i + 1]).getPublicKey(), "BC");
        }
    }

    private static void check(byte[] message, Path folder) throws Exception {
        for (String name : NAMES) {
            PublicKey key = KeyFactory.getInstance(name, "BC").generatePublic(new X509EncodedKeySpec(Files.readAllBytes(folder.resolve(name + ".spki"))));
            Signature verifier = Signature.getInstance(name, "BC");
            verifier.initVerify(key);
            verifier.update(message);
            if (!verifier.verify(Files.readAllBytes(folder.resolve(name + ".sig")))) {
                throw new IllegalStateException(name + ": the signature is wrong");
            }
        }
    }

    private static X509Certificate read(CertificateFactory factory, String file) throws Exception {
        return (X509Certificate) factory.generateCertificate(new ByteArrayInputStream(Files.readAllBytes(Path.of(file))));
    }
}
