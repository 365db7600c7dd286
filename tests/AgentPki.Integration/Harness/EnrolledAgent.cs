using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AgentPki.Integration.Harness;

/// <summary>An agent enrolled by this harness: its name, its key, and its certificate with the key attached.</summary>
internal sealed record EnrolledAgent(string Name, ECDsa Key, X509Certificate2 Certificate)
{
    public string Serial => Certificate.SerialNumber;

    /// <summary>Enrols a new agent with the development credential.</summary>
    public static Task<EnrolledAgent> CreateAsync(Appliance appliance, string prefix = "agent") => EnrollNamedAsync(appliance, Csr.NewName(prefix));

    /// <summary>Enrols an agent of this name.</summary>
    /// <param name="label">The EST label with its slash, for example <c>short-lived/</c>.</param>
    /// <param name="credential">Null: the development credential.</param>
    public static async Task<EnrolledAgent> EnrollNamedAsync(Appliance appliance, string name, string label = "", string? credential = null)
    {
        var key = Csr.NewP256();
        var answer = await appliance.Https().ExchangeAsync(Requests.Enroll($"{label}simpleenroll", Csr.ForDns(key, name), Requests.Basic(credential ?? appliance.Credential)));
        return new EnrolledAgent(name, key, Issued(answer).CopyWithPrivateKey(key));
    }

    /// <summary>Renews over mTLS with a new key; the answer is a new agent record of the same name.</summary>
    public async Task<EnrolledAgent> RenewAsync(Appliance appliance)
    {
        var key = Csr.NewP256();
        var answer = await appliance.Https().ExchangeAsync(Requests.Enroll("simplereenroll", Csr.ForDns(key, Name)), Certificate);
        return new EnrolledAgent(Name, key, Issued(answer).CopyWithPrivateKey(key));
    }

    /// <summary>Writes certificate and key as PEM for a foreign client.</summary>
    public (string Certificate, string Key) Write(TempFolder folder)
    {
        var (certificate, key) = (folder.File(Name + ".pem"), folder.File(Name + ".key"));
        File.WriteAllText(certificate, Certificate.ExportCertificatePem());
        File.WriteAllText(key, Key.ExportPkcs8PrivateKeyPem());
        return (certificate, key);
    }

    /// <summary>The one certificate of an enrolment's answer (RFC 7030 §4.2.3).</summary>
    public static X509Certificate2 Issued(HttpAnswer? answer)
    {
        Assert.NotNull(answer);
        Assert.True(answer.Status == 200, $"{answer.Status}: {answer.Text}");
        return Assert.Single(CertsOnlyMessage.FromBase64(answer.Body));
    }
}
