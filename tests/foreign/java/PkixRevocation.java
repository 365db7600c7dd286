import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertPath;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateRevokedException;
import java.security.cert.PKIXParameters;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** PKIX path validation with the JDK's revocation checker, hard fail: PkixRevocation ocsp|crl ROOT ISSUING LEAF. */
public final class PkixRevocation {
    public static void main(String[] arguments) throws Exception {
        CertificateFactory certificates = CertificateFactory.getInstance("X.509");
        X509Certificate root = read(certificates, arguments[1]);
        CertPath path = certificates.generateCertPath(List.of(read(certificates, arguments[3]), read(certificates, arguments[2])));
        CertPathValidator validator = CertPathValidator.getInstance("PKIX");
        PKIXRevocationChecker checker = (PKIXRevocationChecker) validator.getRevocationChecker();
        if (arguments[0].equals("crl")) {
            // The whole chain by the CRLs that the certificates point to.
            checker.setOptions(EnumSet.of(PKIXRevocationChecker.Option.PREFER_CRLS, PKIXRevocationChecker.Option.NO_FALLBACK));
        } else {
            // The root answers no OCSP.
            checker.setOptions(EnumSet.of(PKIXRevocationChecker.Option.ONLY_END_ENTITY, PKIXRevocationChecker.Option.NO_FALLBACK));
        }

        PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(root, null)));
        parameters.addCertPathChecker(checker);
        try {
            validator.validate(path, parameters);
            System.out.println("good");
        } catch (CertPathValidatorException refused) {
            if (refused.getReason() != CertPathValidatorException.BasicReason.REVOKED) {
                throw refused;
            }

            Throwable cause = refused.getCause();
            System.out.println("revoked " + (cause instanceof CertificateRevokedException ? ((CertificateRevokedException) cause).getRevocationReason() : "?"));
        }
    }

    private static X509Certificate read(CertificateFactory certificates, String file) throws Exception {
        try (InputStream input = Files.newInputStream(Path.of(file))) {
            return (X509Certificate) certificates.generateCertificate(input);
        }
    }
}
