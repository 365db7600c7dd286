using System.Text;
using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Ceremony.Scripts;
using Xunit;

namespace AgentPki.Authority.Tests.Ceremony.Scripts;

public sealed class ScriptReaderTests
{
    private const string Head = """
        ceremony: A test
        officers:
          quorum: 2
          members: [alice.officer, bob.officer, carol.officer]
        steps:

        """;

    [Fact]
    public void Read_Script_HasFieldsDefaultsAndQuorums()
    {
        var script = Read(Head + "  - { step: ledger-key }\n  - { step: root-ca, subject: \"CN=R\", validity: 90d, quorum: 3 }\n");
        Assert.Equal(("A test", 2), (script.Title, script.Quorum));
        Assert.Equal(["alice.officer", "bob.officer", "carol.officer"], script.OfficerFiles);
        Assert.Equal(["ledger-key", "root-ca"], script.Steps.Select(s => s.Kind.Name));
        Assert.Equal([null, 3], script.Steps.Select(s => s.Quorum));
        Assert.Equal(("90d", "root", "ecdsa-p384"), (script.Steps[1].Fields["validity"], script.Steps[1].Fields["name"], script.Steps[1].Fields["algorithm"]));
    }

    [Theory]
    [InlineData("officers: {}\n", "s.yaml:1: ceremony: ")]
    [InlineData("ceremony: \"a\\tb\"\n", "s.yaml:1: ceremony: 1 to 100 characters on one line are wanted")]
    [InlineData("version: 2\nceremony: A\n", "s.yaml:1: version: this program reads version 1")]
    [InlineData("ceremony: A\nofficers:\n  quorum: 1\n  members: [a, b]\n", "s.yaml:3: officers.quorum: ")]
    [InlineData("ceremony: A\nofficers:\n  quorum: 3\n  members: [a, b]\n", "s.yaml:3: officers.quorum: a quorum of at least 2, and at least as many members, are wanted")]
    [InlineData("ceremony: A\nofficers:\n  quorum: 2\n  members: [a, b]\n  leader: a\n", "s.yaml:5: officers.leader: ")]
    [InlineData("ceremony: A\nofficers:\n  quorum: 2\n  members: [a, b]\n", "steps: 1 to 100 steps are wanted")]
    [InlineData("ceremony: A\nsteps: []\nmore: 1\n", "s.yaml:3: more: ")]
    [InlineData("- a\n", "document: one YAML mapping is wanted")]
    [InlineData("ceremony: [\n", "document: ")]
    public void Read_WrongScript_SaysLineAndField(string text, string error) => Assert.Contains(error, Refused(text), StringComparison.Ordinal);

    [Theory]
    [InlineData("  - { step: dance }\n", "s.yaml:6: steps[1].step: 'dance' is unknown; known: initialise-token")]
    [InlineData("  - { ledger-key: 1 }\n", "s.yaml:6: steps[1].step: ")]
    [InlineData("  - { step: ledger-key, more: 1 }\n", "s.yaml:6: steps[1].more: ")]
    [InlineData("  - { step: ledger-key, quorum: 1 }\n", "s.yaml:6: steps[1].quorum: ")]
    [InlineData("  - { step: ledger-key, quorum: 4 }\n", "steps: a quorum of 4 is more than there are officers (3)")]
    [InlineData("  - { step: root-ca }\n", "s.yaml:6: steps[1].subject: is missing: its subject")]
    [InlineData("  - { step: root-ca, subject: nonsense }\n", "s.yaml:6: steps[1].subject: ")]
    [InlineData("  - { step: root-ca, subject: CN=R, name: \"../x\" }\n", "s.yaml:6: steps[1].name: 1 to 32 lower-case letters, digits and '-' are wanted")]
    [InlineData("  - { step: root-ca, subject: CN=R, algorithm: md5 }\n", "s.yaml:6: steps[1].algorithm: ")]
    [InlineData("  - { step: root-ca, subject: CN=R, validity: 51y }\n", "s.yaml:6: steps[1].validity: days or years are wanted: 90d, 10y")]
    [InlineData("  - { step: initialise-token }\n", "s.yaml:6: steps[1].token: is missing")]
    [InlineData("  - { step: initialise-token, token: t, pin: none }\n", "s.yaml:6: steps[1].pin: one of quorum, service is wanted")]
    public void Read_WrongStep_SaysLineAndField(string step, string error) => Assert.Contains(error, Refused(Head + step), StringComparison.Ordinal);

    [Fact]
    public void Read_SeveralErrors_AreSaidAtOnce()
    {
        var message = Refused(Head + "  - { step: dance }\n  - { step: root-ca }\nmore: 1\n");
        Assert.All(["s.yaml:6: ", "s.yaml:7: ", "s.yaml:8: more"], error => Assert.Contains(error, message, StringComparison.Ordinal));
    }

    [Fact]
    public void Read_NotUtf8_IsRefused() =>
        Assert.Contains("it is not UTF-8", Assert.Throws<CeremonyException>(() => ScriptReader.Read("s.yaml", new byte[] { 0x61, 0xC3, 0x28 })).Message, StringComparison.Ordinal);

    private static CeremonyScript Read(string text) => ScriptReader.Read("s.yaml", Encoding.UTF8.GetBytes(text));

    private static string Refused(string text) => Assert.Throws<CeremonyException>(() => Read(text)).Message;
}
