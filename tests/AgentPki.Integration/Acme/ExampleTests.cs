using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Acme;

/// <summary>The examples of docs/acme.md for agents without a DNS name, as they stand there; the one with a TPM is SwtpmTests' business.</summary>
[Trait("tier", "full")]
public sealed class ExampleTests : IDisposable
{
    private const string Configuration = """
        acme:
          authorityTokens:
            longest: 1h
            keys:
              - file: authorities/fleet.pem
                issuer: fleet
                paths: [/agent/fleet/*]
          attestation:
            androidKey:
              roots: [attestation/android.pem]
            agents:
              - {device: "phone-*", path: "/agent/device/{device}"}

        """;

    private readonly TempFolder _folder = new();

    [Fact]
    public async Task Examples_TokenAndPhone_EnrolAndAnotherPhoneDoesNot()
    {
        await using var appliance = await Appliance.StartNewAsync();
        await ShellAsync("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out fleet.key && openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out agent.key && openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out phone.key");
        await ShellAsync("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout android-root.key -out android-root.pem -subj '/CN=Example Android Root' -days 365");
        await ShellAsync($"mkdir {appliance.Home}/authorities {appliance.Home}/attestation && openssl pkey -in fleet.key -pubout -out {appliance.Home}/authorities/fleet.pem && cp android-root.pem {appliance.Home}/attestation/android.pem");
        await ShellAsync("printf '#!/bin/sh\\nexec openssl req -new -key $DEVICE_KEY -subj / -addext \"subjectAltName=URI:$IDENTIFIER\"\\n' > csr.sh && chmod +x csr.sh");
        await appliance.StopAsync();
        var file = Path.Combine(appliance.Home, "agentpki.yaml");
        await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(file)).Replace("acme:\n", Configuration, StringComparison.Ordinal));
        await appliance.StartAsync();

        (await EnrolAsync(appliance, "fleet/7", "tkauth-01", "token-answer.py", ("DEVICE_KEY", "agent.key"), ("AUTHORITY", "fleet"), ("AUTHORITY_KEY", "fleet.key"))).MustSucceed();
        (string, string)[] phone = [("DEVICE_KEY", "phone.key"), ("ATTESTATION_ROOT", "android-root.pem"), ("ATTESTATION_KEY", "android-root.key")];
        (await EnrolAsync(appliance, "device/phone-1", "device-attest-01", "android-answer.py", [.. phone, ("SERIAL", "phone-1")])).MustSucceed();
        var issued = await ShellAsync("openssl x509 -in agent.pem -noout -ext subjectAltName");
        Assert.Contains("/agent/device/phone-1", issued.Text, StringComparison.Ordinal);

        var other = await EnrolAsync(appliance, "device/phone-1", "device-attest-01", "android-answer.py", [.. phone, ("SERIAL", "phone-2")]);
        Assert.Contains("phone-2", other.MustFail().Error, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    // An account of its own each time: what one was granted is not asked again.
    private Task<ToolResult> EnrolAsync(Appliance appliance, string agent, string challenge, string answer, params (string Name, string Value)[] environment)
    {
        var examples = Path.Combine(SourceTree.Root, "docs", "examples");
        return Tool.RunAsync(
            Path.Combine(examples, "acme-client.py"),
            [
                "--directory", $"https://localhost:{appliance.HttpsPort}/acme/directory", "--ca", appliance.AnchorsFile, "--account", $"{Guid.NewGuid():N}.key",
                "--identifier", $"spiffe:spiffe://agents.localhost/agent/{agent}", "--challenge", challenge, "--answer", Path.Combine(examples, answer), "--csr", "./csr.sh", "--out", "agent.pem",
            ],
            folder: _folder.Path,
            environment: environment.ToDictionary(e => e.Name, e => e.Value));
    }

    private async Task<ToolResult> ShellAsync(string command) => (await Tool.RunAsync("sh", ["-c", command], folder: _folder.Path)).MustSucceed();
}
