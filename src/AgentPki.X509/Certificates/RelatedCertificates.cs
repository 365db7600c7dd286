namespace AgentPki.X509.Certificates;

/// <summary>Why two certificates are no pair (RFC 9763 §4.2).</summary>
public enum RelatedCertificateFailure
{
    /// <summary>The certificate names no related one.</summary>
    NoExtension,

    /// <summary>It names one by a hash that this build does not take.</summary>
    UnknownHash,

    /// <summary>The related certificate that isn't: it names another than this.</summary>
    AnotherCertificate,

    /// <summary>Both are over one key: whoever breaks it has both.</summary>
    SameKey,
}

/// <summary>
/// Whether two certificates belong to one end entity, because the CA that issued the second saw proof of the first one's private key (RFC 9763). It says nothing of either's own
/// path, which is to be validated for each (<see cref="CertificateChain"/>).
/// </summary>
public static class RelatedCertificates
{
    /// <summary>Null when <paramref name="certificate"/> names <paramref name="related"/>; else why not.</summary>
    public static RelatedCertificateFailure? Verify(Certificate certificate, Certificate related) => certificate.Fields.RelatedCertificate switch
    {
        null => RelatedCertificateFailure.NoExtension,
        { Hash: null } => RelatedCertificateFailure.UnknownHash,
        var named when !named.Names(related) => RelatedCertificateFailure.AnotherCertificate,
        _ => certificate.PublicKey.Equals(related.PublicKey) ? RelatedCertificateFailure.SameKey : null,
    };
}
